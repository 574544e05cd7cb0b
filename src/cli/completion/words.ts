import type { Command, Option } from "commander"

/** What a command line that is still being typed says so far. */
export interface TypedLine {
  /** Absent while the verb itself is typed: then one of `among`. */
  readonly verb: Command | undefined
  readonly among: readonly Command[]
  /** Values of the verb's flags, by long name without dashes. */
  readonly values: ReadonlyMap<string, readonly string[]>
  /** Arguments before the current word. */
  readonly positionals: readonly string[]
  /** What is being typed: the value of this flag, or a word of its own. */
  readonly valueOf: Option | undefined
  readonly current: string
  /** What stands before a value that is typed as --flag=value. */
  readonly prefix: string
}

/** Reads the words after the program's name; the last is the one being typed, "" where none is begun. */
export function readWords(program: Command, words: readonly string[]): TypedLine {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ""
  const [name, inner] = before.filter((word) => !word.startsWith("-"))
  const verb = program.commands.find((command) => command.name() === name)
  // audit has verbs of its own
  if (verb && verb.commands.length > 0 && (inner === undefined || verb.commands.some((one) => one.name() === inner)))
    return readWords(verb, words.slice(words.indexOf(name ?? "") + 1))
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  let open: Option | undefined
  for (const word of verb ? before.slice(before.indexOf(name ?? "") + 1) : []) {
    if (open) add(values, open, word)
    else if (!word.startsWith("-") || word === "-") positionals.push(word)
    const { option, value } = open ? {} : flagIn(verb, word)
    if (option && value !== undefined) add(values, option, value)
    open = option && value === undefined && takesValue(option) ? option : undefined
    if (option && !takesValue(option)) add(values, option, "")
  }
  const { option, value } = flagIn(verb, current)
  if (!open && option && value !== undefined)
    return {
      verb,
      among: program.commands,
      values,
      positionals,
      valueOf: option,
      current: value,
      prefix: `${option.long}=`,
    }
  return { verb, among: program.commands, values, positionals, valueOf: open, current, prefix: "" }
}

/** Whether a flag needs a word after it. */
export const takesValue = ({ required, optional }: Option) => required || optional

/** A flag's long name without dashes. */
export const nameOf = (option: Option) => (option.long ?? option.short ?? "").replace(/^-+/, "")

function flagIn(verb: Command | undefined, word: string): { option?: Option; value?: string } {
  const [, flag = "", value] = /^(--?[A-Za-z0-9-]+)(?:=(.*))?$/s.exec(word) ?? []
  const option = verb?.options.find(({ long, short }) => long === flag || short === flag)
  return option ? { option, ...(value !== undefined && { value }) } : {}
}

function add(values: Map<string, string[]>, option: Option, value: string): void {
  values.set(nameOf(option), [...(values.get(nameOf(option)) ?? []), value])
}
