package io.meltemi.proxy.listener.filter.tlsinspector;

import io.meltemi.proxy.listener.AcceptedSocket;
import io.meltemi.proxy.listener.ListenerFilter;
import io.netty.buffer.ByteBuf;

/** Finds TLS, its server name and its protocols. What is not TLS passes as plain text. */
final class TlsInspector implements ListenerFilter {
  private final TlsInspectorStats stats;

  TlsInspector(TlsInspectorStats stats) {
    this.stats = stats;
  }

  @Override
  public Status onAccept(AcceptedSocket socket) {
    return Status.MORE;
  }

  @Override
  public Status onData(AcceptedSocket socket, ByteBuf peeked) {
    return switch (ClientHello.read(peeked)) {
      case ClientHello.Outcome.Incomplete _ -> Status.MORE;
      case ClientHello.Outcome.NotTls _ -> {
        stats.tlsNotFound.inc();
        yield Status.DONE;
      }
      case ClientHello.Outcome.TooLarge _ -> {
        stats.helloTooLarge.inc();
        yield Status.CLOSE;
      }
      case ClientHello.Outcome.Found(ClientHello hello) -> {
        found(socket, hello);
        yield Status.DONE;
      }
    };
  }

  private void found(AcceptedSocket socket, ClientHello hello) {
    socket.transportProtocol("tls");
    stats.tlsFound.inc();
    if (hello.serverName().isEmpty()) {
      stats.sniNotFound.inc();
    } else {
      stats.sniFound.inc();
      socket.serverName(hello.serverName());
    }
    if (hello.protocols().isEmpty()) {
      stats.alpnNotFound.inc();
    } else {
      stats.alpnFound.inc();
      socket.applicationProtocols(hello.protocols());
    }
  }

  @Override
  public int bytesMax() {
    // a hello of the largest size in the smallest records would need more: such a one is no loss
    return 2 * ClientHello.BYTES_MAX;
  }
}
