package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.telemetry.StreamInfo;

/** A header value with substitutions. Immutable; formats on the stream's event loop. */
public interface HeaderFormat {
  /**
   * The value for one stream.
   *
   * @param request the request's headers
   * @param response the response's headers; an empty block while there are none
   */
  String format(StreamInfo info, HeaderBlock request, HeaderBlock response);

  /** The text it was parsed from. */
  String source();
}
