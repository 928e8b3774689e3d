import { writeFileSync } from 'node:fs';
import { EC2 } from '@aws-sdk/client-ec2';
import { describeTypes } from '../src/offers/instance-type.ts';
import { knownTypes, TYPES_FILE, typesFile } from '../src/offers/known-types.ts';

/*
 * Adds the instance types of the regions it is given to those that come with daskup:
 *
 *     node packages/aws/bin/instance-types.ts us-east-1 eu-west-2
 *
 * It takes credentials, and the endpoint, from where the AWS SDK does. A type that EC2 no longer has stays.
 */

const regions = process.argv.slice(2);
if (regions.length === 0) throw new Error('Which regions? Name at least one');

const types = new Map(knownTypes());
const before = types.size;
for (const region of regions) {
  for (const type of await describeTypes(new EC2({ region }))) types.set(type.type, type);
}
writeFileSync(TYPES_FILE, typesFile(types.values()));
console.log(`${types.size} types, ${types.size - before} of them new`);
