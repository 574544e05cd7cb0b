/** One command of a document, as a reader would type it, and what the document says that it prints. */
export interface Command {
  readonly text: string
  /** The heading that it stands below. */
  readonly story: string
  /** Lines below it; none: nothing is said of what it prints. */
  readonly prints: readonly string[]
  /** A file that stands before it, and that it reads. */
  readonly file?: { readonly name: string; readonly content: string }
}

/** A heading, or a block of code in some language. */
const part = /^## (.*)$|^```(\w*)\n([^]*?)^```$/gm

/** All commands of a document: lines of code that begin with `$`. A YAML before a command is the file that `-f` names. */
export function commandsOf(document: string): Command[] {
  const commands: Command[] = []
  let yaml: string | undefined
  let story = ""
  for (const [, heading, language, code = ""] of document.matchAll(part)) {
    story = heading ?? story
    if (language === "yaml") yaml = code
    if (heading !== undefined || (language !== "" && language !== "console")) continue
    for (const line of code.trimEnd().split("\n")) {
      const last = commands.at(-1)
      const [, text] = /^\$ (.*)$/.exec(line) ?? []
      if (text === undefined) {
        if (last) commands[commands.length - 1] = { ...last, prints: [...last.prints, line] }
        continue
      }
      const [, name] = /^kubectl apply -f (\S+\.yaml)$/.exec(text) ?? []
      const file = name !== undefined && yaml !== undefined ? { file: { name, content: yaml } } : {}
      commands.push({ text, story, prints: [], ...file })
    }
  }
  return commands
}

/** A line without what differs from one cluster and day to another: ages, sizes, names of drivers, widths of columns. */
export function masked(line: string): string {
  return line
    .trimEnd()
    .replaceAll(/\b\d+(?:\.\d+)?(?:Ki|Mi|Gi)\b/g, "SIZE")
    .replaceAll(/\b\d+[smhd](?:\d+[smhd])?\b/g, "AGE")
    .replaceAll(/\b[\w.]*csi[\w.]*\b/g, "DRIVER")
    .replaceAll(/ +/g, " ")
}
