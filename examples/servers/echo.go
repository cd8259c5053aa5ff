// Echoes with a goroutine per connection. go build -o echo echo.go && ./echo <port>
package main

import (
	"io"
	"log"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp4", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			// On Linux this would be splice(2) between two connections; of one with itself it is read and write.
			if _, err := io.Copy(connection, connection); err != nil {
				log.Print(err)
			}
		}()
	}
}
