/** How this program was called, for the commands that it advises: in a clone that is npx's doing, and `daskup` alone is not there. */
export const PROGRAM = process.env.npm_command === 'exec' ? 'npx daskup' : 'daskup';
