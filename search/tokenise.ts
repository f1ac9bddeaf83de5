const words = /[\p{L}\p{M}\p{N}]+/gu

/** Words in lower case, compatibility forms (full width, ligatures) unified. */
export const tokenise = (text: string): string[] => text.normalize('NFKC').toLowerCase().match(words) ?? []
