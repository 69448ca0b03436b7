const fs = require("fs");
const http = require("http");
const path = require("path");

const page = fs.readFileSync(path.join(__dirname, "dist", "index.html"));
const server = http.createServer((request, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(page);
});

server.listen(Number(process.env.PORT || 8080), "0.0.0.0", () => {
  console.log(`listening on port ${server.address().port}`);
});
// The first process of a container ends on a signal only if it says so itself.
process.on("SIGTERM", () => process.exit(0));
