import type { Command, Verb } from './command.ts';
import { VERBS } from './words.ts';

/** The canonical line of a command: one spelling, one order. It parses back to an equal command. */
export function format(command: Command): string {
  return write(command.verb, command);
}

// Generic, so that the row and the command are known to be of one verb.
function write<V extends Verb>(verb: V, command: Command<V>): string {
  return VERBS[verb].write(command);
}
