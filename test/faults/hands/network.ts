import { setTimeout as delay } from "node:timers/promises"
import { run } from "../../support/run.ts"
import type { Scene } from "../scene.ts"
import { processIn } from "./processes.ts"

/**
 * Drops every packet between target and restore pod for some time, without a word to either end. In the target pod's own
 * network namespace: the rules go with it.
 */
export async function cutForSeconds(scene: Scene, seconds: number): Promise<void> {
  const pid = String(processIn(await scene.pod("target"), "target"))
  const rules = (verb: "-I" | "-D") =>
    Promise.all([iptables(pid, verb, "INPUT", "--dport", "3260"), iptables(pid, verb, "OUTPUT", "--sport", "3260")])
  await rules("-I")
  // the rules need no removal any more where the pod itself is gone
  void delay(seconds * 1000)
    .then(() => rules("-D"))
    .catch(() => undefined)
}

const iptables = (pid: string, verb: string, chain: string, ...ports: string[]) =>
  run("nsenter", ["-t", pid, "-n", "iptables", "-w", verb, chain, "-p", "tcp", ...ports, "-j", "DROP"])
