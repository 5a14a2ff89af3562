package io.meltemi.proxy.http.filter.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/** Headers to a service's message, and the changes that it wants of them. */
final class Mutations {
  private static final Set<String> ROUTING = Set.of("host", ":authority", ":scheme", ":method");

  private Mutations() {}

  static HeaderMap map(HeaderBlock headers) {
    HeaderMap.Builder map = HeaderMap.newBuilder();
    for (int i = 0; i < headers.size(); i++) {
      map.addHeadersBuilder()
          .setKey(headers.name(i))
          .setRawValue(
              ByteString.copyFrom(headers.array(), headers.valueStart(i), headers.valueLength(i)));
    }
    return map.build();
  }

  /**
   * Makes the changes that are allowed.
   *
   * @param free whether Envoy's own headers may be changed too, as in answers of the service's own
   * @return how many were not allowed
   */
  static int apply(HeaderMutation mutation, HeaderBlock headers, boolean free) {
    int refused = 0;
    for (String name : mutation.getRemoveHeadersList()) {
      if (isAllowed(name, free) && !name.startsWith(":")) {
        headers.remove(HeaderName.of(name));
      } else {
        refused++;
      }
    }
    for (HeaderValueOption option : mutation.getSetHeadersList()) {
      if (!set(option, headers, free)) {
        refused++;
      }
    }
    return refused;
  }

  /** Whether every header that is to be set has a name and a value as headers have. */
  static boolean isValid(HeaderMutation mutation) {
    for (HeaderValueOption option : mutation.getSetHeadersList()) {
      String name = option.getHeader().getKey();
      if (!HeaderName.isValid(name.startsWith(":") ? name.substring(1) : name)
          || !isPlain(value(option.getHeader()))) {
        return false;
      }
    }
    return true;
  }

  private static String value(HeaderValue header) {
    return header.getRawValue().isEmpty()
        ? header.getValue()
        : header.getRawValue().toString(StandardCharsets.ISO_8859_1);
  }

  private static boolean isPlain(String value) {
    return value.chars().noneMatch(c -> c == '\r' || c == '\n' || c == 0);
  }

  private static boolean isAllowed(String name, boolean free) {
    String lower = name.toLowerCase(Locale.ROOT);
    boolean valid =
        lower.startsWith(":") ? HeaderName.isValid(lower.substring(1)) : HeaderName.isValid(lower);
    return valid && (free || (!ROUTING.contains(lower) && !lower.startsWith("x-envoy")));
  }

  // the deprecated flag still comes from services
  @SuppressWarnings("deprecation")
  private static boolean set(HeaderValueOption option, HeaderBlock headers, boolean free) {
    HeaderValue header = option.getHeader();
    String value = value(header);
    if (!isPlain(value) || !isAllowed(header.getKey(), free)) {
      return false;
    }
    HeaderName name = HeaderName.of(header.getKey());
    boolean pseudo = name.isPseudo();
    if (pseudo && (!headers.contains(name) || name == HeaderName.STATUS)) {
      return false;
    }
    if (option.hasAppend()) {
      put(headers, name, value, option.getAppend().getValue() && !pseudo);
      return true;
    }
    switch (option.getAppendAction()) {
      case ADD_IF_ABSENT -> {
        if (!headers.contains(name)) {
          headers.add(name, value);
        }
      }
      case OVERWRITE_IF_EXISTS -> {
        if (headers.contains(name)) {
          headers.set(name, value);
        }
      }
      case APPEND_IF_EXISTS_OR_ADD, OVERWRITE_IF_EXISTS_OR_ADD, UNRECOGNIZED ->
          headers.set(name, value);
    }
    return true;
  }

  private static void put(HeaderBlock headers, HeaderName name, String value, boolean append) {
    if (append) {
      headers.add(name, value);
    } else {
      headers.set(name, value);
    }
  }
}
