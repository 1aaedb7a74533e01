/**
 * Where the numbers of an entry come from: one citation per member. A citation that begins with `unverified:` is
 * from memory or assumed, and nothing public was found to check it against.
 */
export type Sources = Readonly<Record<string, string>>;
