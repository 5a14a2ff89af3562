package io.meltemi.it.traffic;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** Failures of connections in one word. */
final class Failures {
  private Failures() {}

  static String kind(Throwable cause) {
    String text = String.valueOf(cause.getMessage());
    return switch (cause) {
      case UnknownHostException _ -> "dns";
      case ConnectException _ -> text.contains("timed out") ? "timeout" : "refused";
      case SocketTimeoutException _ -> "timeout";
      case TimeoutException _ -> "timeout";
      case EOFException _ -> "eof";
      case SSLException _ when text.contains("closed connection") -> "eof";
      case SSLException _ when text.contains("terminated") -> "eof";
      case SSLException ssl -> {
        Throwable below = ssl.getCause();
        yield below != null && (below instanceof EOFException || below.toString().contains("reset"))
            ? kind(below)
            : "tls";
      }
      case IOException _ when text.contains("reset") || text.contains("Broken pipe") -> "reset";
      default -> "other";
    };
  }
}
