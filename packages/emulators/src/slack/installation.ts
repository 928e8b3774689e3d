import { secret } from './ids.ts';

/** The app in a workspace. */
export interface Installation {
  readonly botToken: string;
  readonly botId: string;
  readonly botUserId: string;
  readonly scopes: readonly string[];
  readonly installedBy: string;
  isRevoked: boolean;
}

export function newBotToken(teamId: string): string {
  return `xoxb-${teamId}-${secret()}`;
}
