import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface HealthOptions {
  /** 0: any free port. */
  readonly port: number
  /** Why the process isn't ready, one sentence each; empty when it is. */
  readonly notReady: () => readonly string[]
  /** Metrics in the Prometheus text format. */
  readonly metrics: () => Promise<string>
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves /livez and /healthz (the process answers), /readyz (it can work) and /metrics. Plain HTTP, no secrets. */
export async function serveHealth({ port, notReady, metrics }: HealthOptions): Promise<HealthServer> {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 8192 },
    (request, response) => {
      const path = request.url?.split("?")[0]
      if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "only GET\n")
      if (path === "/livez" || path === "/healthz") return answer(response, 200, "ok\n")
      if (path === "/readyz") {
        const reasons = notReady()
        return answer(
          response,
          reasons.length === 0 ? 200 : 503,
          reasons.length === 0 ? "ok\n" : `${reasons.join("\n")}\n`,
        )
      }
      if (path !== "/metrics") return answer(response, 404, "not found\n")
      metrics().then(
        (text) => answer(response, 200, text, "text/plain; version=0.0.4; charset=utf-8"),
        (error: unknown) => answer(response, 500, `${String(error)}\n`),
      )
    },
  )
  server.maxConnections = 100
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type }).end(text)
}
