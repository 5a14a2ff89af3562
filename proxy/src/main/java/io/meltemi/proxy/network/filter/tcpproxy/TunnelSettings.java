package io.meltemi.proxy.network.filter.tcpproxy;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * How a TCP proxy's bytes are wrapped in HTTP.
 *
 * @param hostname becomes {@code :authority}
 * @param postPath path of a POST; CONNECT is sent where there is none
 */
record TunnelSettings(Formatter hostname, Optional<String> postPath, List<Header> headers) {
  private static final byte[] CONNECT = "CONNECT".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] POST = "POST".getBytes(StandardCharsets.US_ASCII);

  /**
   * A header of the request.
   *
   * @param overwrites whether it takes the place of one that is there
   */
  record Header(HeaderName name, Formatter value, boolean overwrites) {}

  TunnelSettings {
    headers = List.copyOf(headers);
  }

  /** The request's head for one connection. */
  HeaderBlock request(StreamInfo info) {
    HeaderBlock request = new HeaderBlock();
    request.add(HeaderName.METHOD, postPath.isPresent() ? POST : CONNECT);
    postPath.ifPresent(
        path -> {
          request.add(HeaderName.SCHEME, info.upstreamTls == null ? "http" : "https");
          request.add(HeaderName.PATH, path);
        });
    request.add(HeaderName.AUTHORITY, text(hostname, info));
    for (Header header : headers) {
      String value = text(header.value, info);
      if (header.overwrites) {
        request.set(header.name, value);
      } else {
        request.add(header.name, value);
      }
    }
    return request;
  }

  private static String text(Formatter format, StreamInfo info) {
    FormatOutput out = new FormatOutput();
    format.format(info, out);
    return out.toString();
  }
}
