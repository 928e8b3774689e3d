import { userInfo } from 'node:os';
import { complete } from '@daskup/core/command/complete';
import { Client } from './client.ts';

/** Words that end in `=` want a value next, every other one a space. */
const SCRIPTS = {
  bash: `_daskup() {
  local IFS=$'\\n'
  COMPREPLY=($(daskup complete "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _daskup daskup`,
  zsh: `_daskup() {
  local -a words_
  words_=(\${(f)"$(daskup complete "\${LBUFFER}" 2>/dev/null)"})
  compadd -Q -S '' -- \${(M)words_:#*=}
  compadd -Q -- \${words_:#*=}
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _daskup daskup`,
} as const;

export type Shell = keyof typeof SCRIPTS;
export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];

/** What a shell is to read to complete daskup's commands. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

/** What could stand at the end of a line as it is typed in a shell, the program's name first. */
export async function completions(typed: string): Promise<readonly string[]> {
  const line = typed.replace(/^\s*\S+\s/, '');
  const names = await new Client(process.env).names(userInfo().username);
  return complete(line, names);
}
