import { setTimeout as delay } from 'node:timers/promises';
import { answererOf, bucketOf } from './calls.ts';
import { ruleFor } from './faults.ts';
import type { Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import { checkClientToken, throttleRefusal } from './rules.ts';
import { checkRunInstances } from './run-instances.ts';
import { checkRules } from './security-groups.ts';
import { type Answer, ec2Answer } from './xml.ts';

/** Calls that a ClientToken makes idempotent here. Source: EC2 API reference, "Ensuring idempotency". */
const IDEMPOTENT = /^(RunInstances|Create(Fleet|LaunchTemplate|LaunchTemplateVersion|NetworkInterface))$/;

const READS = /^(Describe|Get|List|Search)/;

/** What a refused call is told. Source: EC2 API reference, "Error codes". */
const STATUS: Readonly<Record<string, number>> = {
  AuthFailure: 401,
  UnauthorizedOperation: 403,
  RequestLimitExceeded: 503,
  InternalError: 500,
  ServiceUnavailable: 503,
};
const MESSAGES: Readonly<Record<string, string>> = {
  AuthFailure: 'AWS was not able to validate the provided access credentials',
  RequestExpired: 'Request has expired.',
  ExpiredToken: 'The security token included in the request is expired',
  UnauthorizedOperation: 'You are not authorized to perform this operation.',
};

/**
 * One call of EC2's API, from the fault that is set for it to its answer in XML.
 * @param askMoto who answers what we do not.
 * @throws {Refusal}
 */
export async function call(
  region: Region,
  parameters: Parameters,
  requestId: string,
  askMoto: () => Promise<{ readonly status: number; readonly body: string }>,
): Promise<{ readonly status: number; readonly body: string }> {
  const action = String(parameters.Action);
  const { faults } = region.world;
  if (faults.delayMs > 0) await delay(faults.delayMs);
  const refused = ruleFor(faults.refused, action);
  if (refused !== undefined) throw new Refusal(refused, MESSAGES[refused] ?? refused, STATUS[refused] ?? 400);
  if (faults.throttled.some((name) => name === action || name === '*')) throw throttleRefusal();
  if (region.buckets.take(bucketOf(action, parameters)) < 1) throw throttleRefusal();
  // Source: EC2 API reference, "Common query parameters", DryRun.
  if (parameters.DryRun === 'true') {
    if (action === 'RunInstances') await checkRunInstances(region, parameters);
    throw new Refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
  }
  const answer = await answered(region, action, parameters, requestId, askMoto);
  if (!READS.test(action)) await region.publicAddresses.follow();
  if (failsAfter(region, action)) throw new Refusal('InternalError', 'An internal error has occurred', 500);
  return answer;
}

async function answered(
  region: Region,
  action: string,
  parameters: Parameters,
  requestId: string,
  askMoto: () => Promise<{ readonly status: number; readonly body: string }>,
) {
  const answerer = answererOf(action, parameters);
  if (answerer === 'nobody') throw new Refusal('UnsupportedOperation', `This emulator does not know ${action}`);
  if (answerer !== 'moto') {
    const make = async () => (await answerer(region, parameters)) as { readonly [name: string]: Answer };
    return { status: 200, body: ec2Answer(action, requestId, await once(region, action, parameters, make)) };
  }
  checkUse(region, action, parameters);
  await checkRules(region, action, parameters);
  const answer = await askMoto();
  if (!READS.test(action)) region.network.forget();
  // moto answers what it does not know with a page for a browser.
  if (!answer.body.trimStart().startsWith('<?xml') && !answer.body.trimStart().startsWith(`<${action}`))
    if (answer.status >= 500 || answer.body.includes('<html'))
      throw new Refusal('InvalidAction', `The action ${action} is not valid for this web service.`);
  return answer;
}

/** The same token with the same parameters gives the same answer; with others it is refused. */
function once(
  region: Region,
  action: string,
  parameters: Parameters,
  make: () => Promise<{ readonly [name: string]: Answer }>,
): Promise<{ readonly [name: string]: Answer }> {
  const { ClientToken: token } = parameters;
  if (typeof token !== 'string' || token === '' || !IDEMPOTENT.test(action)) return make();
  checkClientToken(token);
  const key = `${action} ${token}`;
  const asked = JSON.stringify(parameters);
  const known = region.answered.get(key);
  if (known && known.asked !== asked)
    throw new Refusal(
      'IdempotentParameterMismatch',
      `Arguments on this idempotent request are inconsistent with arguments used in previous request(s) with client token ${token}.`,
    );
  if (known) return known.answer;
  const answer = make();
  region.answered.set(key, { asked, answer });
  // What was refused made nothing, and may be asked again.
  answer.catch(() => region.answered.delete(key));
  return answer;
}

/** What moto would delete though our instances and interfaces use it. Source: EC2 API reference, "Error codes": DependencyViolation. */
function checkUse(region: Region, action: string, parameters: Parameters): void {
  const used = (
    id: unknown,
    uses: (one: { readonly groups: readonly string[]; readonly subnetId: string; readonly vpcId: string }) => boolean,
  ) => {
    for (const { groups, subnet } of region.interfaces.values())
      if (uses({ groups, subnetId: subnet.id, vpcId: subnet.vpcId }))
        throw new Refusal('DependencyViolation', `resource ${id} has a dependent object`);
  };
  if (action === 'DeleteSecurityGroup')
    used(parameters.GroupId, ({ groups }) => groups.includes(String(parameters.GroupId)));
  if (action === 'DeleteSubnet') used(parameters.SubnetId, ({ subnetId }) => subnetId === parameters.SubnetId);
  if (action === 'DeleteVpc') used(parameters.VpcId, ({ vpcId }) => vpcId === parameters.VpcId);
}

function failsAfter({ world: { faults } }: Region, action: string): boolean {
  const name = faults.failAfter[action] === undefined ? '*' : action;
  const left = faults.failAfter[name] ?? 0;
  if (left <= 0) return false;
  faults.failAfter[name] = left - 1;
  return true;
}
