/**
 * Every region a command may name, by provider: all public commercial ones, so that a slip of the finger is told apart
 * from a real place. Which of them an installation can launch in is its providers' business.
 * Sources: partition `aws` of botocore 1.44.5; the regions page of the Compute Engine documentation, 2026-09-30.
 */
export const REGIONS = {
  local: ['local'],
  aws: [
    'af-south-1',
    'ap-east-1',
    'ap-east-2',
    'ap-northeast-1',
    'ap-northeast-2',
    'ap-northeast-3',
    'ap-south-1',
    'ap-south-2',
    'ap-southeast-1',
    'ap-southeast-2',
    'ap-southeast-3',
    'ap-southeast-4',
    'ap-southeast-5',
    'ap-southeast-6',
    'ap-southeast-7',
    'ca-central-1',
    'ca-west-1',
    'eu-central-1',
    'eu-central-2',
    'eu-north-1',
    'eu-south-1',
    'eu-south-2',
    'eu-west-1',
    'eu-west-2',
    'eu-west-3',
    'il-central-1',
    'me-central-1',
    'me-south-1',
    'me-west-1',
    'mx-central-1',
    'sa-east-1',
    'sa-west-1',
    'us-east-1',
    'us-east-2',
    'us-west-1',
    'us-west-2',
  ],
  gcp: [
    'africa-south1',
    'asia-east1',
    'asia-east2',
    'asia-northeast1',
    'asia-northeast2',
    'asia-northeast3',
    'asia-south1',
    'asia-south2',
    'asia-southeast1',
    'asia-southeast2',
    'asia-southeast3',
    'australia-southeast1',
    'australia-southeast2',
    'europe-central2',
    'europe-north1',
    'europe-north2',
    'europe-southwest1',
    'europe-west1',
    'europe-west2',
    'europe-west3',
    'europe-west4',
    'europe-west6',
    'europe-west8',
    'europe-west9',
    'europe-west10',
    'europe-west12',
    'me-central1',
    'me-central2',
    'me-west1',
    'northamerica-northeast1',
    'northamerica-northeast2',
    'northamerica-south1',
    'southamerica-east1',
    'southamerica-west1',
    'us-central1',
    'us-east1',
    'us-east4',
    'us-east5',
    'us-south1',
    'us-west1',
    'us-west2',
    'us-west3',
    'us-west4',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ProviderName = keyof typeof REGIONS;

const PROVIDERS: readonly ProviderName[] = ['local', 'aws', 'gcp'];

const PROVIDER_OF: ReadonlyMap<string, ProviderName> = new Map(
  PROVIDERS.flatMap((provider) => REGIONS[provider].map((region) => [region, provider] as const)),
);

/** All region names, grouped by provider. */
export const ALL_REGIONS: readonly string[] = [...PROVIDER_OF.keys()];

/** Whose region this is; undefined when nobody has one of that name. */
export function providerOf(region: string): ProviderName | undefined {
  return PROVIDER_OF.get(region);
}
