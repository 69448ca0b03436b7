const fs = require("fs");
const greeting = require("greeting");

fs.mkdirSync("dist", { recursive: true });
fs.writeFileSync("dist/index.html", `<!doctype html>\n<title>web</title>\n<p>${greeting("world")}</p>\n`);
console.log("wrote dist/index.html");
