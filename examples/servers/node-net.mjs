// Echoes with Node's net. node node-net.mjs <port>
import { createServer } from 'node:net';

const port = Number(process.argv[2] ?? process.env.PORT);
const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
