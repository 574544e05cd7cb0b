import { HTTPS_PORT } from "../../../src/children/ports.ts"
import type { Secret } from "../../../src/kube/objects.ts"
import { Download } from "../download.ts"
import type { Scene } from "../scene.ts"
import { claim, knownFile } from "../stage.ts"
import { processIn } from "./processes.ts"

/**
 * Prepares a download that needs neither API server nor kubelet: from the restore pod's own network namespace, as a
 * client would that its NetworkPolicy lets in.
 */
export async function directDownload(scene: Scene): Promise<() => Download> {
  const pid = processIn(await scene.pod("restore"), "files")
  const secret = await scene.cluster.get<Secret>("secret", scene.status.access?.secretName ?? "", scene.namespace)
  const [user, password] = ["username", "password"].map((key) =>
    Buffer.from(secret?.data?.[key] ?? "", "base64").toString(),
  )
  const url = `https://127.0.0.1:${HTTPS_PORT}/v1/volumes/${claim}/content?path=/${knownFile}`
  // by its standard input, so that the password is in no list of processes; the certificate names the Service, not this address
  const input = [`url = "${url}"`, `user = "${user}:${password}"`, "insecure", "fail", "silent", "show-error"].join(
    "\n",
  )
  return () => new Download(scene.stage.bytes, ["nsenter", "-t", String(pid), "-n", "curl", "-K", "-"], { input })
}
