/** Asks on the terminal; only a yes is one. */
export async function confirmed(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C is a no.
  const answer = await prompt.question(`${question} [y/N] `).catch(() => '');
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}
