/**
 * The operator class of @dot-i/k8s-operator as it is published, in a process of its own: watches sessions, says each
 * event as a line of JSON, and then does what its argument names. For the tests that show what is wrong with it.
 */
import module, { type ResourceEvent } from "@dot-i/k8s-operator"

const [, , mode = "watch"] = process.argv
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`)

class Published extends module.default {
  protected override async init(): Promise<void> {
    await this.watchResource("filerecovery.dev", "v1alpha1", "filerecoverysessions", (event) => this.#on(event))
  }

  async #on(event: ResourceEvent): Promise<void> {
    say({ type: event.type, name: event.meta.name })
    if (mode === "throw") throw new Error("the handler failed")
    if (mode === "finalizer") {
      const handled = await this.handleResourceFinalizer(event, "filerecovery.dev/release", async () => undefined)
      say({ handled })
    }
    if (mode === "status") say({ status: await this.setResourceStatus(event.meta, { phase: "Ready" }) })
    if (mode === "stop") this.stop()
  }
}

await new Published().start()
say({ type: "STARTED" })
