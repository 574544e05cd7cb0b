/** What `seq 14000` says: more than an attribute of Linux can hold. */
const long = Array.from({ length: 14_000 }, (_, at) => `${at + 1}\n`).join("")

export const hex = (text: string): string => Buffer.from(text).toString("hex")

/** Alternate data streams of one file, as extended attributes: empty, long, and of names that tar writes in its own way. */
export const streams: Readonly<Record<string, string>> = {
  "user.stream": hex("secret\n"),
  "user.empty": "",
  "user.größe 😀 100%=x%3D": hex("odd\n"),
  "user.long": hex(long),
}

/** Bash that gives them to a file of an NTFS that ntfs-3g has mounted with `streams_interface=windows`. Its time is kept. */
export const putStreams = (file: string): string => `
  touch -r ${file} /run/time
  echo secret >${file}:stream; : >${file}:empty; echo odd >"${file}:größe 😀 100%=x%3D"; seq 14000 >${file}:long
  touch -r /run/time ${file}`
