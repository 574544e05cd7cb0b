import type { Command, Option } from "commander"
import { archiveFormats } from "../../files/queries.ts"
import { fileTypes } from "../../files/schemas.ts"
import type { ClusterFlags } from "../client/cluster.ts"
import { claimNames, contextNames, namespaceNames, sessionNames, snapshotNames } from "./names.ts"
import { remotePlaces } from "./places.ts"
import { nameOf, readWords, type TypedLine } from "./words.ts"

/** What a word may become, and what is told of it. */
export interface Candidate {
  readonly value: string
  readonly about?: string
}

export interface Completion {
  readonly candidates: readonly Candidate[]
  /** Files of this machine are possible as well. */
  readonly files?: boolean
  /** The word goes on after it: no space. */
  readonly open?: boolean
}

/** What the last of the words may become. Rejects where the cluster can't be asked. */
export async function complete(program: Command, words: readonly string[]): Promise<Completion> {
  const line = readWords(program, words)
  if (!line.verb) return { candidates: line.among.map(aboutVerb) }
  if (line.valueOf) return valuesOf(line.valueOf, line)
  if (line.current.startsWith("-")) return { candidates: flagsOf(line) }
  return argumentsOf(line.verb, line)
}

const aboutVerb = (verb: Command): Candidate => ({ value: verb.name(), about: verb.description() })

/** Those that are not there yet, or may be given again. */
function flagsOf({ verb, values }: TypedLine): Candidate[] {
  return (verb?.options ?? [])
    .filter((option) => Array.isArray(option.defaultValue) || !values.has(nameOf(option)))
    .map((option) => ({ value: option.long ?? "", about: option.description }))
}

const formats = /\b(?:wide|json|yaml|name)\b/g

async function valuesOf(option: Option, line: TypedLine): Promise<Completion> {
  const flags = clusterFlags(line)
  const { prefix } = line
  const these = (names: readonly string[], open = false): Completion => ({
    candidates: names.map((name) => ({ value: prefix + name })),
    open,
  })
  switch (nameOf(option)) {
    case "output":
      return these(option.description.match(formats) ?? [])
    case "journal":
      return these(["replay", "skip"])
    case "dry-run":
      return these(["client", "server"])
    case "namespace":
      return these(await namespaceNames(flags))
    case "context":
      return these(contextNames(flags))
    case "from": {
      if (!line.current.includes("/")) return these(["pvc/", "snapshot/"], true)
      const isClaim = line.current.startsWith("p")
      const names = isClaim ? await claimNames(flags) : await snapshotNames(flags)
      return these(names.map((name) => `${isClaim ? "pvc" : "snapshot"}/${name}`))
    }
    case "recovery-point":
      return these(await snapshotNames(flags))
    case "format":
      return these(archiveFormats)
    case "type":
      return these(fileTypes)
    case "check":
    case "kubeconfig":
    case "file":
    case "point":
    case "key-file":
    case "identity":
    case "public-key":
    case "batch":
      return { candidates: [], files: true }
    default:
      return { candidates: [] }
  }
}

/** By what an argument is called in the verb's usage. */
async function argumentsOf(verb: Command, line: TypedLine): Promise<Completion> {
  const { positionals, values, current } = line
  const declared = verb.registeredArguments
  const argument = declared[positionals.length] ?? (declared.at(-1)?.variadic ? declared.at(-1) : undefined)
  const flags = clusterFlags(line)
  switch (argument?.name()) {
    case "session":
    case "sessions": {
      const found = await sessionNames(flags, current)
      const names = found.filter((name) => !positionals.includes(name))
      return { candidates: names.map((value) => ({ value })) }
    }
    case "place":
    case "places": {
      // the last one of cp may be a place here, and the first may not
      const files = verb.name() === "cp" && positionals.length > 0 && !current.includes(":")
      // there is no session to ask yet
      if (values.has("from")) return { candidates: [], files }
      return { candidates: await remotePlaces(current, flags), open: true, files }
    }
    case "path": {
      const session = `${positionals[0] ?? ""}:`
      const found = await remotePlaces(`${session}${current || "/"}`, flags)
      return { candidates: found.map((one) => ({ ...one, value: one.value.slice(session.length) })), open: true }
    }
    case "other":
      return { candidates: await remotePlaces(current, flags), open: true, files: !current.includes(":") }
    case "claims":
      return { candidates: (await claimNames(flags)).map((name) => ({ value: `pvc/${name}` })) }
    case "shell":
      return { candidates: ["bash", "zsh", "fish", "kubectl"].map((value) => ({ value })) }
    case "image":
    case "files":
      return { candidates: [], files: true }
    default:
      return { candidates: [] }
  }
}

/** Nobody waits longer than this for one answer while typing. */
const patience = "2s"

function clusterFlags({ values }: TypedLine): ClusterFlags {
  const last = (name: string) => values.get(name)?.at(-1)
  const [kubeconfig, context, namespace] = [last("kubeconfig"), last("context"), last("namespace")]
  return {
    requestTimeout: patience,
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
    ...(namespace !== undefined && { namespace }),
  }
}
