import { LIMITS } from '../spec/limits.ts';
import { REGIONS } from '../spec/regions.ts';
import { LONGEST_KEY, LONGEST_VALUE, MOST_TAGS, TAG_CHARACTERS } from '../spec/tag.ts';
import { EXTENSION } from './argument.ts';
import { label } from './notation.ts';
import { duration, money, size } from './quantity.ts';
import { BARE_WORDS, OPTIONS, REGION, VERB_NAMES, VERBS } from './words.ts';

/** The command reference, in Markdown. */
export function reference(): string {
  const sections = [
    '# Commands',
    '<!-- Generated from the table of words by docs/commands.ts; edit that table instead. -->',
    'One grammar for Slack, the command line and GitHub workflows. A line begins with a command; upper and lower case are ' +
      'the same, except in paths and tags.',
    table(
      ['command', 'what it does', 'for example'],
      VERB_NAMES.map((name) => {
        const { usage, help, examples } = VERBS[name];
        return [code(usage), help, examples.map(code).join('<br>')];
      }),
    ),
    '## COUNT',
    `\`50\` asks for so many workers. \`20..100\` lets Dask's adaptive scaling move between the two. At most ${LIMITS.workers.max}.`,
    '## WORD: bare words',
    'After the count of `up` and `plan`, words and options stand in any order, each at most once.',
    table(
      ['word', 'what it asks for'],
      [
        ...BARE_WORDS.map(({ name, also, help }) => [[name, ...also].map(code).join(' or '), help]),
        [`a region such as ${code(REGION.example)}`, REGION.help],
      ],
    ),
    '## WORD: options',
    table(
      ['option', 'what it asks for', 'without it', 'at most'],
      OPTIONS.map((option) => [
        code(`${option.name}=${option.example}`),
        option.help,
        option.absent(LIMITS),
        option.most(LIMITS) ?? '',
      ]),
    ),
    '## Values',
    [
      `- **${EXTENSION.usage}**: ${duration.expected}. \`extend\` moves a cluster's end to at most ${duration.format(LIMITS.ttl.max)} ahead.`,
      `- **NAME**: ${label.expected} (an RFC 1123 label).`,
      `- Sizes: ${size.expected}; \`gb\` means GiB.`,
      `- Money: ${money.expected}.`,
      `- Tags: at most ${MOST_TAGS}; keys of at most ${LONGEST_KEY} characters, values of at most ${LONGEST_VALUE}: ${TAG_CHARACTERS}. Keys do not begin with \`aws:\` or \`daskup:\`.`,
      '- A value with spaces stands in double quotes: `python="/opt/my env/bin/python"`. Within them, `\\"` is a quote and ' +
        '`\\\\` a backslash.',
    ].join('\n'),
    '## Regions',
    ...Object.entries(REGIONS).map(([provider, names]) => `**${provider}**: ${names.map(code).join(' ')}`),
  ];
  return `${sections.join('\n\n')}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}
