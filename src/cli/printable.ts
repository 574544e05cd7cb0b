import { displayName } from "../files/names.ts"

/** Text of a disk or a server on a terminal: what could move the cursor or deceive is escaped, line ends too. */
export function printable(text: string | Buffer): string {
  // a backslash in a sentence is only a backslash
  return displayName(Buffer.from(text)).replaceAll("\\\\", "\\")
}

/** One line about something of a disk that could not be had. */
export function complaint(name: Buffer, why: string): string {
  return `${displayName(name)}: ${printable(why)}\n`
}
