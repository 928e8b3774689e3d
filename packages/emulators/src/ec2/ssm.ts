import * as z from 'zod/mini';
import type { Region } from './region.ts';

/** Public parameters of Systems Manager that name images; null for what moto is to answer. */
export function ssm(region: Region, operation: string, body: unknown): unknown | null {
  const found = (name: string) => {
    const value = region.parameters.get(name);
    if (value === undefined) return null;
    const ARN = `arn:aws:ssm:${region.name}::parameter${name}`;
    return {
      Name: name,
      Type: 'String',
      Value: value,
      Version: 1,
      DataType: 'aws:ec2:image',
      ARN,
      LastModifiedDate: 1_792_454_400,
    };
  };
  if (operation === 'GetParameter') {
    const Parameter = found(z.object({ Name: z.string() }).parse(body).Name);
    return Parameter && { Parameter };
  }
  if (operation === 'GetParameters') {
    const { Names } = z.object({ Names: z.array(z.string()) }).parse(body);
    if (!Names.some((name) => region.parameters.has(name))) return null;
    return {
      Parameters: Names.map(found).filter((one) => one !== null),
      InvalidParameters: Names.filter((name) => !region.parameters.has(name)),
    };
  }
  return null;
}
