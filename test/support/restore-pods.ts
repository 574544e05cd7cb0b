import { readdirSync, readFileSync } from "node:fs"
import { request } from "node:https"
import { join } from "node:path"
import type { ControlClient } from "../../src/control/client.ts"
import { portOf, startProcess, type LoggedProcess } from "./process.ts"
import { filesServerName, type TestSession } from "./session.ts"

/** The three processes of a session, as the operator would start them in two pods. */
export interface SessionPods {
  readonly target: LoggedProcess
  readonly files: LoggedProcess
  readonly guest: LoggedProcess
  readonly targetPort: number
  readonly controls: { readonly target: ControlClient<"target">; readonly restore: ControlClient<"restore"> }
}

const common = (session: TestSession, secrets: string) => ({
  "session-uid": session.uid,
  "session-name": "shop/orders",
  deadline: new Date(Date.now() + 3_600_000).toISOString(),
  secrets,
  host: "127.0.0.1",
  "control-port": "0",
})

const diskOf = (index: number) => `data-${index}=abc-${index}`

const flags = (options: Record<string, string>) => Object.entries(options).map(([name, value]) => `--${name}=${value}`)

/** `port` 0 chooses one. The first disk is called data-0 and has the serial number abc-0. */
export function startTarget(
  session: TestSession,
  disks: string | readonly string[],
  port = 0,
  more: readonly string[] = [],
): LoggedProcess {
  const own = { iqn: session.iqn, "iscsi-port": String(port) }
  const report = { "termination-log": `${session.dir}/termination-target` }
  const args = flags({ ...common(session, session.secrets.target), ...own, ...report })
  const paths = [disks].flat().map((path, index) => `--disk=${diskOf(index)}=${path}`)
  return startProcess("src/target.ts", [...args, ...paths, ...more])
}

/** What the programs of src/exec connect to. */
export const localSocketOf = (session: TestSession) => `${session.dir}/local`

export function startFiles(
  session: TestSession,
  targetPort: number,
  disks = 1,
  more: readonly string[] = [],
): LoggedProcess {
  const own = {
    portal: `127.0.0.1:${targetPort}`,
    "target-iqn": session.iqn,
    "guest-dir": `${session.dir}/run`,
    "overlay-dir": `${session.dir}/overlay`,
    "files-port": "0",
    "sftp-port": "0",
    "local-socket": localSocketOf(session),
    "termination-log": `${session.dir}/termination-files`,
  }
  const args = flags({ ...common(session, session.secrets.restore), ...own })
  const names = Array.from({ length: disks }, (_, index) => `--disk=${diskOf(index)}`)
  return startProcess("src/restore.ts", ["files", ...args, ...names, ...more])
}

/** `place`: below the session's directory, where the file service looks for it. */
export function startGuest(session: TestSession, place = "run"): LoggedProcess {
  const own = {
    "guest-dir": `${session.dir}/${place}`,
    "overlay-dir": `${session.dir}/overlay`,
    memory: "256",
    "termination-log": `${session.dir}/termination-guest`,
  }
  // where the appliance is, or the cache in which it is built
  const names = ["FILE_RECOVERY_APPLIANCE", "HOME", "XDG_CACHE_HOME"]
  const env = Object.fromEntries(
    names.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined),
  )
  return startProcess("src/restore.ts", ["guest", ...flags(own)], { env: env as Record<string, string> })
}

export async function startPods(session: TestSession, disk: string): Promise<SessionPods> {
  const target = startTarget(session, disk)
  const guest = startGuest(session)
  const targetPort = await portOf(target, "serving")
  const files = startFiles(session, targetPort)
  const controls = {
    target: session.control("target", await portOf(target, "control listens")),
    restore: session.control("restore", await portOf(files, "control listens")),
  }
  return { target, files, guest, targetPort, controls }
}

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

export interface AskOptions {
  readonly password?: string
  /** Reads nothing of the answer before. */
  readonly pauseUntil?: Promise<void>
}

/** Asks the file service as a user would: by its name, checking its certificate. */
export function askFiles(
  session: TestSession,
  port: number,
  path: string,
  { password = session.credentials.access.password, pauseUntil = Promise.resolve() }: AskOptions = {},
): Promise<Answer> {
  const { username } = session.credentials.access
  return new Promise((resolve, reject) => {
    const asked = request({
      host: "127.0.0.1",
      port,
      path,
      agent: false,
      servername: filesServerName,
      ca: session.authority.trustPem,
      auth: `${username}:${password}`,
    })
    asked.on("error", reject).on("response", (response) => {
      const chunks: Buffer[] = []
      const read = () =>
        response
          .on("data", (chunk: Buffer) => chunks.push(chunk))
          .on("error", reject)
          .on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
      void pauseUntil.then(read)
    })
    asked.end()
  })
}

/** Process ids of QEMU machines whose sockets are in this session's directory, or at a place in it. */
export function qemusOf(session: TestSession, place = ""): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [program = "", ...args] = commandLine(pid)
      return program.includes("qemu-system") && args.some((arg) => arg.includes(join(session.dir, place)))
    })
    .map(Number)
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")
  } catch {
    return [] // ended meanwhile
  }
}
