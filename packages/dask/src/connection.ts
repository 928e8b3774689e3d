import { type Credentials, reachableAt, type SchedulerEndpoint } from '@daskup/core/provision/provider';
import { stringify } from 'yaml';

/**
 * The Dask configuration with which a bare `Client()` finds the cluster and speaks mutual TLS to it: the file that
 * `DASK_CONFIG` names. It holds a private key. (Dask takes PEM text wherever it takes a file's name.)
 */
export function connectionYaml(endpoint: SchedulerEndpoint, credentials: Credentials): string {
  return stringify({
    'scheduler-address': `tls://${reachableAt(endpoint)}:${endpoint.port}`,
    distributed: {
      comm: {
        'require-encryption': true,
        tls: {
          'ca-file': credentials.ca.cert,
          client: { cert: credentials.client.cert, key: credentials.client.key },
        },
      },
    },
  });
}
