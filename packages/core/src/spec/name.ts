/** The longest an RFC 1123 label may be. */
export const LONGEST_LABEL = 63;

/** An RFC 1123 label: 1 to 63 lower-case letters, digits and dashes, with no dash at either end. */
export function isLabel(text: string): boolean {
  return text.length <= LONGEST_LABEL && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);
}

/** The label nearest to what somebody wrote: `My_Cluster` gives `my-cluster`. Undefined when no letter or digit is in it. */
export function labelOf(text: string): string | undefined {
  const label = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_LABEL + 1)
    .replace(/^-/, '')
    .slice(0, LONGEST_LABEL)
    .replace(/-$/, '');
  return label === '' ? undefined : label;
}

const ADJECTIVES = `
  agile amber apt azure blue bold brave breezy bright brisk calm candid cheery civil clever coral cosmic cozy crisp curly
  dapper deft eager early fair fancy fleet fluffy fresh gentle glad golden grand green handy happy hardy hazel honest
  humble ivory jolly keen kind lively lucky mellow merry mild misty neat nimble noble olive patient plucky polite proud
  quick quiet rapid ready rosy royal ruby sage sandy shiny silver smart snowy solid spry steady sunny swift tidy topaz
  vivid warm wise witty zesty`
  .trim()
  .split(/\s+/);

const ANIMALS = `
  alpaca badger beaver bison bobcat camel cicada condor coyote crane cricket curlew dingo dolphin donkey eagle egret
  falcon ferret finch fox gazelle gecko gibbon grouse gull hare heron hornet ibex ibis iguana impala jackal jaguar
  kestrel kitten koala lark lemming lemur leopard linnet lizard llama lynx magpie marmot marten merlin mole moose
  narwhal newt ocelot okapi osprey otter owl panda panther parrot pelican penguin petrel plover puffin puma quail
  rabbit raven robin salmon seal sparrow starling stork swallow swan tapir tern tiger toucan turtle walrus weasel
  wombat wren yak zebra`
  .trim()
  .split(/\s+/);

/** How many names there are to make. */
export const NAMES = ADJECTIVES.length * ANIMALS.length;

/**
 * A short name to say aloud, such as `bright-otter`: one of {@link NAMES}, more than seven thousand. Two clusters may get the
 * same one; the caller asks again while the name is taken.
 * @param random gives numbers from 0 up to but not 1.
 * @throws {RangeError} when it gives another.
 */
export function makeName(random: () => number): string {
  return `${pick(ADJECTIVES, random())}-${pick(ANIMALS, random())}`;
}

function pick(words: readonly string[], share: number): string {
  const word = words[Math.floor(share * words.length)];
  if (word === undefined) throw new RangeError(`${share} is not from 0 up to but not 1`);
  return word;
}
