import { tokenise } from '../tokenise.ts'

/**
 * Weaviate trims texts, sorts them without regard to case and has no escape for wildcards. So each text that is compared,
 * ordered or searched in is kept beside its original in forms that make the engine's answer exact.
 */

/**
 * Equal for equal texts only, and in the order in which JavaScript compares them: hexadecimal UTF-16. Its leading letter
 * keeps the empty text apart from a missing one.
 */
export const keyOf = (text: string): string => `k${Buffer.from(text, 'utf16le').swap16().toString('hex')}`

/** Stand-ins from the private use area: for wildcards, for the line feed (which `*` does not match), and for a value's ends. */
const standIns: Readonly<Record<string, string>> = { '*': '\uE000', '?': '\uE001', '\n': '\uE002' }
const end = '\uE003'
const special = /[*?\n\uE000-\uE003]/g

/** In lower case, without anything that a pattern could mistake. */
const fold = (text: string): string => text.toLowerCase().replace(special, (character) => standIns[character] ?? '\uFFFD')

/** What `containsPattern` is matched against. The ends keep white space from being trimmed. */
export const foldedOf = (text: string): string => `${end}${fold(text)}${end}`

/** A `like` pattern for a substring, compared without regard to case. */
export const containsPattern = (part: string): string => `*${fold(part)}*`

/** The words of a text as the embedded index finds them, for a property that is tokenised at white space. */
export const wordsOf = (text: string): string => tokenise(text).join(' ')
