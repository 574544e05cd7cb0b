import type { Command } from "commander"
import { basename, dirname } from "node:path"
import { RecoveryError } from "../api/reasons.ts"
import { sessionFiles } from "./client/session-files.ts"
import { type CommonFlags, type Context, withClusterFlags } from "./context.ts"
import { counted } from "./counted.ts"
import { writePartFile } from "../extract/part-file.ts"
import { print } from "./output.ts"
import { Progress } from "./progress.ts"
import { parseRemotePath, pathHelp } from "./remote-path.ts"

interface TarFlags extends CommonFlags {
  readonly file?: string
}

/** `tar SESSION:/VOLUME/PATH`: the archive as it is made, to stdout or a file. */
export function addTar(program: Command, context: Context): void {
  const command = program
    .command("tar")
    .description("write a tar archive (pax, numeric owners, ACLs, extended attributes) to stdout or a file")
    .argument("<place>", "SESSION:/VOLUME/PATH")
    .option("-f, --file <file>", "write to this file, which appears when it is complete; - is stdout")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", pathHelp)
    .action((place: string, flags: TarFlags) => tar(place, flags, context))
  withClusterFlags(command)
}

async function tar(text: string, flags: TarFlags, context: Context): Promise<void> {
  const { streams, signal } = context
  const { volume, components, ...where } = parseRemotePath(text, context.defaultSession)
  if (volume === undefined)
    throw new RecoveryError("UsageError", "An archive is of one volume: name it, SESSION:/VOLUME.")
  const file = flags.file === "-" ? undefined : flags.file
  if (file === undefined && streams.outIsTerminal)
    throw new RecoveryError("UsageError", "An archive isn't written to a terminal: use -f FILE or a pipe.")
  const files = await sessionFiles(where, flags)
  const progress = new Progress(streams, "archive", flags.quiet === true)
  try {
    const body = await files.tar({ volume, components }, signal)
    const chunks = counted(body, (bytes) => progress.add({ bytes }))
    if (file === undefined) for await (const chunk of chunks) await print(streams.out, chunk)
    else {
      // it holds every file, also those others here mayn't read
      const metadata = { mode: 0o600, mtime: Date.now() / 1000 }
      await writePartFile(Buffer.from(dirname(file)), Buffer.from(basename(file)), chunks, metadata)
    }
    progress.add({ files: 1 })
    progress.done()
  } finally {
    files.close()
  }
}
