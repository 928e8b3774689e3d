import * as z from 'zod/mini';
import { read } from './parameters.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';

const Described = z._default(z.array(z.object({ Description: z.optional(z.string()) })), []);
const Asked = z.object({
  GroupId: z.string(),
  IpPermissions: z.array(
    z.object({
      IpProtocol: z.string(),
      FromPort: z.optional(z.coerce.number()),
      ToPort: z.optional(z.coerce.number()),
      IpRanges: z._default(z.array(z.object({ CidrIp: z.string(), Description: z.optional(z.string()) })), []),
      Groups: Described,
    }),
  ),
});

/** What moto, which keeps the groups, would take and EC2 does not. */
export async function checkRules(region: Region, action: string, parameters: Parameters): Promise<void> {
  if (!/^(Authorize|UpdateSecurityGroupRuleDescriptions)/.test(action) || !/Ingress$/.test(action)) return;
  const { GroupId: id, IpPermissions } = read(Asked, parameters);
  // Source: EC2 API reference, IpRange, Description.
  for (const { IpRanges, Groups } of IpPermissions)
    for (const { Description: text = '' } of [...IpRanges, ...Groups])
      if (!/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(text))
        throw new Refusal('InvalidParameterValue', `Invalid rule description '${text}'`);
  if (!action.startsWith('Update')) return;
  const rules = (await region.network.groups()).find((group) => group.id === id)?.rules ?? [];
  for (const { IpProtocol, FromPort, ToPort, IpRanges } of IpPermissions)
    for (const { CidrIp } of IpRanges) {
      const isThere = rules.some(
        ({ protocol, from, to, ranges }) =>
          protocol === IpProtocol && from === FromPort && to === ToPort && ranges.includes(CidrIp),
      );
      // Source: EC2 API reference, "Error codes".
      if (!isThere)
        throw new Refusal('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
}
