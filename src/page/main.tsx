import { render } from "preact"
import { App } from "./app.tsx"
import { Service, takeToken } from "./service.ts"

const root = document.getElementById("page")
if (root) render(<App service={new Service(takeToken())} />, root)
