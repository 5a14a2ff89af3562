package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;

/** What the client asked for, as challenges name it. Any thread. */
public final class OriginalUri {
  private static final HeaderName ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");
  private static final int PATH_LENGTH_MAX = 256;

  private OriginalUri() {}

  /** Scheme, authority and path; a long path is cut off, as in Envoy. */
  public static String of(HeaderBlock request) {
    String path = request.get(ORIGINAL_PATH);
    if (path == null) {
      path = request.get(HeaderName.PATH);
    }
    String known = path == null ? "" : path;
    return request.get(HeaderName.SCHEME)
        + "://"
        + request.get(HeaderName.AUTHORITY)
        + known.substring(0, Math.min(known.length(), PATH_LENGTH_MAX));
  }
}
