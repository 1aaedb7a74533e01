/** Common words: each is one token, or not many more, in every tokenizer of a DeepSeek model. */
const WORDS = (
  'water light river stone paper green small early quiet open number street window garden winter summer letter market ' +
  'people answer question machine music history language science travel story island forest bridge engine kitchen ' +
  'morning evening doctor teacher student family village country money price order system energy figure picture'
).split(' ');

/** Lengths in words, in turn: short prompts show what a request costs by itself, long ones the prefill. */
const LENGTHS = [32, 96, 256] as const;
/** Tokens of context for each word, so that prompt, template and answer fit even where a token is a byte. */
const CONTEXT_PER_WORD = 10;

/**
 * The `index`-th prompt of a comparison: always the same for a seed, and with other words from its beginning for every
 * index and seed, so that no prefix cache of either version knows it. It is shorter where `maxModelLen` asks for it: the
 * longest sequence of the engines, in tokens.
 */
export function comparisonPrompt(seed: string, index: number, maxModelLen = Infinity): string {
  const next = generator(`${seed}/${index}`);
  const usual = LENGTHS[index % LENGTHS.length] ?? LENGTHS[0];
  const length = Math.max(1, Math.min(usual, Math.floor(maxModelLen / CONTEXT_PER_WORD)));
  const words = Array.from({ length }, () => WORDS[next() % WORDS.length] ?? 'water');
  return `Note ${next().toString(36)}: ${words.join(' ')}. Continue this list of words.`;
}

/** FNV-1a of the text as the state of xorshift32 (Marsaglia 2003); all that matters is that prompts differ. */
function generator(text: string): () => number {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  state = state === 0 ? 1 : state;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
