package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;

/**
 * What happens to a response's headers behind the filters: {@code server}, {@code date}, {@code
 * via} and, where asked for, {@code x-request-id}. Immutable; any event loop.
 */
final class ResponseRules {
  private final HttpConnectionManagerSettings settings;
  private final byte[] server;
  private final byte[] via;

  ResponseRules(HttpConnectionManagerSettings settings) {
    this.settings = settings;
    this.server = settings.answers().serverName().getBytes(StandardCharsets.ISO_8859_1);
    this.via = settings.answers().via().getBytes(StandardCharsets.ISO_8859_1);
  }

  void apply(HttpStream stream, HeaderBlock headers) {
    if (!headers.contains(HeaderName.DATE)) {
      headers.add(HeaderName.DATE, stream.date());
    }
    switch (settings.answers().serverHeader()) {
      case OVERWRITE -> headers.set(HeaderName.SERVER, server);
      case APPEND_IF_ABSENT -> {
        if (!headers.contains(HeaderName.SERVER)) {
          headers.add(HeaderName.SERVER, server);
        }
      }
      case PASS_THROUGH -> {}
    }
    if (settings.requestIds().alwaysInResponse()
        || stream.request.contains(RequestRules.X_ENVOY_FORCE_TRACE)) {
      int id = stream.request.find(RequestRules.X_REQUEST_ID);
      if (id >= 0 && !headers.contains(RequestRules.X_REQUEST_ID)) {
        headers.addFrom(stream.request, id);
      }
    }
    if (via.length > 0) {
      headers.append(HeaderName.VIA, via, 0, via.length);
    }
  }
}
