import { mkdir, readdir, writeFile } from 'node:fs/promises';

/**
 * In which regions this home has ever made anything: those alone are looked at for machines. A file a region, written
 * before anything is made there.
 */
export class UsedRegions {
  readonly #folder: string;
  #known: Promise<Set<string>> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<readonly string[]> {
    return [...(await this.#read())];
  }

  async note(region: string): Promise<void> {
    const known = await this.#read();
    if (known.has(region)) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(`${this.#folder}/${region}`, '');
    known.add(region);
  }

  #read(): Promise<Set<string>> {
    this.#known ??= readdir(this.#folder)
      .catch(() => [])
      .then((names) => new Set(names));
    return this.#known;
  }
}
