import type * as z from 'zod/mini';

/**
 * What is wrong with what an app sent, as Slack words it: `missing required field: text [json-pointer:/blocks/0]`.
 * Source: answers of Slack as users report them, such as https://github.com/adobe/spacecat-api-service/issues/176.
 * Empty when all is well. `at` is where in the request the value stands.
 */
export function problems(schema: z.ZodMiniType, value: unknown, at: string): readonly string[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => worded(issue, value, at));
}

function worded(issue: z.core.$ZodIssue, value: unknown, at: string): readonly string[] {
  const path = issue.path.map(String);
  const here = pointer(at, path);
  const parent = pointer(at, path.slice(0, -1));
  const found = valueAt(value, path);
  const missing = [`missing required field: ${path.at(-1)} ${parent}`];
  switch (issue.code) {
    case 'invalid_union':
      return found === undefined ? missing : [`unsupported type: ${String(found)} ${here}`];
    case 'unrecognized_keys':
      return issue.keys.map((key) => `invalid additional property: ${key} ${here}`);
    case 'too_big':
      if (issue.origin === 'string') return [`must be less than ${Number(issue.maximum) + 1} characters ${here}`];
      if (issue.origin === 'array') return [`no more than ${issue.maximum} items allowed ${here}`];
      return [`must be at most ${issue.maximum} ${here}`];
    case 'too_small':
      if (issue.origin === 'string') return [`must be more than ${Number(issue.minimum) - 1} characters ${here}`];
      if (issue.origin === 'array') return [`no less than ${issue.minimum} items allowed ${here}`];
      return [`must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum} ${here}`];
    case 'invalid_type':
      return found === undefined ? missing : [`must be a valid ${issue.expected} ${here}`];
    case 'invalid_value':
      return found === undefined ? missing : [`must be a valid enum value ${here}`];
    case 'custom':
      return [`${issue.message} ${here}`];
    default:
      return [`must be a valid value ${here}`];
  }
}

export function pointer(at: string, path: readonly (string | number)[]): string {
  return `[json-pointer:${[at, ...path].join('/')}]`;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, key) => (found as Record<string, unknown> | null | undefined)?.[key], value);
}
