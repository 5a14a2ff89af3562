package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.HashPolicy;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.XxHash64;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What consistent hashing goes by for one request: the hashes that the route's policies give, mixed
 * as Envoy mixes them. It is found once, in the request as it is sent on. Reused per stream.
 */
final class RequestHash {
  private static final HeaderName COOKIE = HeaderName.of("cookie");
  private static final HeaderName SET_COOKIE = HeaderName.of("set-cookie");

  private final HttpFilterContext context;
  private final List<String> cookies = new ArrayList<>(1);
  private boolean known;
  private boolean present;
  private long value;

  /** The hash that the last policy gave. */
  private long found;

  private @Nullable SocketAddress lastSource;
  private long lastSourceHash;

  RequestHash(HttpFilterContext context) {
    this.context = context;
  }

  void clear() {
    known = false;
    present = false;
    value = 0;
    if (!cookies.isEmpty()) {
      cookies.clear();
    }
  }

  boolean isPresent() {
    return present;
  }

  long value() {
    return value;
  }

  /** Looks at the request, unless that has been done; cookies are made where policies want them. */
  void find(List<HashPolicy> policies, HeaderBlock headers) {
    if (known) {
      return;
    }
    known = true;
    for (int i = 0; i < policies.size(); i++) {
      HashPolicy policy = policies.get(i);
      if (evaluate(policy, headers)) {
        // turned, so that two policies of equal hash do not cancel each other out
        value = (present ? Long.rotateLeft(value, 1) : 0) ^ found;
        present = true;
      }
      if (policy.terminal() && present) {
        return;
      }
    }
  }

  private boolean evaluate(HashPolicy policy, HeaderBlock headers) {
    return switch (policy) {
      case HashPolicy.Header header -> header(header, headers);
      case HashPolicy.Cookie cookie -> cookie(cookie, headers);
      case HashPolicy.SourceIp _ -> source(context.streamInfo().downstreamRemoteAddress);
      case HashPolicy.QueryParameter query -> query(query.name(), headers);
    };
  }

  private boolean header(HashPolicy.Header policy, HeaderBlock headers) {
    int index = headers.find(policy.name());
    if (index < 0) {
      return false;
    }
    if (policy.rewrite().isEmpty() && headers.findNext(policy.name(), index) < 0) {
      found =
          XxHash64.hash(headers.array(), headers.valueStart(index), headers.valueLength(index), 0);
      return true;
    }
    List<String> values = new ArrayList<>();
    for (; index >= 0; index = headers.findNext(policy.name(), index)) {
      String text = headers.value(index);
      values.add(policy.rewrite().isEmpty() ? text : policy.rewrite().get().apply(text));
    }
    // the order in which values came shall not matter
    values.sort(null);
    long hash = 0;
    for (String text : values) {
      byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
      hash = XxHash64.hash(bytes, 0, bytes.length, hash);
    }
    found = hash;
    return true;
  }

  private boolean source(@Nullable SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet)) {
      return false;
    }
    if (address != lastSource) {
      lastSource = address;
      lastSourceHash = XxHash64.hash(NetUtil.toAddressString(inet.getAddress()));
    }
    found = lastSourceHash;
    return true;
  }

  /** The first parameter of that name, as it stands there. */
  private boolean query(BytePattern name, HeaderBlock headers) {
    int path = headers.find(HeaderName.PATH);
    if (path < 0) {
      return false;
    }
    byte[] array = headers.array();
    int end = headers.valueStart(path) + headers.valueLength(path);
    int at = indexOf(array, '?', headers.valueStart(path), end) + 1;
    while (at < end) {
      int pairEnd = indexOf(array, '&', at, end);
      int nameEnd = indexOf(array, '=', at, pairEnd);
      if (name.equalsRange(array, at, nameEnd - at)) {
        int start = Math.min(nameEnd + 1, pairEnd);
        found = XxHash64.hash(array, start, pairEnd - start, 0);
        return true;
      }
      at = pairEnd + 1;
    }
    return false;
  }

  /** Where the byte stands first; the end when it does not. */
  private static int indexOf(byte[] array, char wanted, int start, int end) {
    int at = start;
    while (at < end && array[at] != wanted) {
      at++;
    }
    return at;
  }

  private boolean cookie(HashPolicy.Cookie policy, HeaderBlock headers) {
    byte[] array = headers.array();
    for (int i = headers.find(COOKIE); i >= 0; i = headers.findNext(COOKIE, i)) {
      int end = headers.valueStart(i) + headers.valueLength(i);
      for (int at = headers.valueStart(i); at < end; ) {
        int pairEnd = indexOf(array, ';', at, end);
        while (at < pairEnd && array[at] == ' ') {
          at++;
        }
        int nameEnd = indexOf(array, '=', at, pairEnd);
        if (nameEnd < pairEnd && policy.name().equalsRange(array, at, nameEnd - at)) {
          return cookieValue(policy, array, nameEnd + 1, pairEnd);
        }
        at = pairEnd + 1;
      }
    }
    return newCookie(policy);
  }

  private boolean cookieValue(HashPolicy.Cookie policy, byte[] array, int from, int to) {
    int start = from;
    int end = to;
    if (end - start >= 2 && array[start] == '"' && array[end - 1] == '"') {
      start++;
      end--;
    }
    if (start == end) {
      return newCookie(policy);
    }
    found = XxHash64.hash(array, start, end - start, 0);
    return true;
  }

  private boolean newCookie(HashPolicy.Cookie policy) {
    if (policy.ttlNanos().isEmpty()) {
      return false;
    }
    String ends = text(context.remoteAddress()) + text(context.streamInfo().downstreamLocalAddress);
    String made = HexFormat.of().toHexDigits(XxHash64.hash(ends));
    cookies.add(setCookie(policy, made, policy.ttlNanos().get()));
    found = XxHash64.hash(made);
    return true;
  }

  private static String text(@Nullable SocketAddress address) {
    return switch (address) {
      case InetSocketAddress inet -> NetUtil.toSocketAddressString(inet);
      case DomainSocketAddress domain -> domain.path();
      case null -> "";
      default -> address.toString();
    };
  }

  private static String setCookie(HashPolicy.Cookie policy, String made, long ttlNanos) {
    StringBuilder text = new StringBuilder();
    text.append(policy.name()).append("=\"").append(made).append('"');
    long seconds = TimeUnit.NANOSECONDS.toSeconds(ttlNanos);
    if (seconds > 0) {
      text.append("; Max-Age=").append(seconds);
    }
    if (!policy.path().isEmpty()) {
      text.append("; Path=").append(policy.path());
    }
    for (HashPolicy.Attribute attribute : policy.attributes()) {
      text.append("; ").append(attribute.name());
      if (!attribute.value().isEmpty()) {
        text.append('=').append(attribute.value());
      }
    }
    return text.append("; HttpOnly").toString();
  }

  /** Gives the client the cookies that were made. */
  void addCookies(HeaderBlock response) {
    for (int i = 0; i < cookies.size(); i++) {
      response.add(SET_COOKIE, cookies.get(i));
    }
  }
}
