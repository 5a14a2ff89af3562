package io.meltemi.proxy.rbac;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.IpNumber;
import io.meltemi.proxy.matcher.RuleCandidates;
import io.meltemi.proxy.matcher.TextIndex;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A request, or a connection without headers, while access to it is decided. One is kept per filter
 * and used again. Event loop of the stream only.
 */
public final class AccessRequest {
  /** Text objects that filters leave for others under a key (Envoy's filter state). */
  public interface FilterState {
    /** The text under a key in UTF-8; null when there is none. */
    byte @Nullable [] get(String key);
  }

  /** Puts the rules of an index into a set of candidates; used while one subject is read. */
  private static final class Collector implements TextTest {
    private @Nullable TextIndex index;
    private @Nullable RuleCandidates out;

    @Override
    public boolean test(byte[] array, int start, int length) {
      if (index != null && out != null) {
        index.collect(array, start, length, out);
      }
      return false;
    }
  }

  private static final HeaderBlock NO_HEADERS = new HeaderBlock();
  private static final int SCRATCH_BYTES = 256;

  private final Supplier<Optional<Metadata>> routeMetadata;
  private final FilterState filterState;
  private final Collector collector = new Collector();
  private @Nullable ConnectionFacts connection;
  private @Nullable StreamInfo info;
  private HeaderBlock headers = NO_HEADERS;
  private @Nullable SocketAddress remoteAddress;
  private @Nullable IpNumber remote;
  private int pathStart;
  private int pathLength = -1;
  private byte[] scratch = new byte[SCRATCH_BYTES];

  /**
   * @param routeMetadata of the route that the request takes; empty when it takes none
   */
  public AccessRequest(Supplier<Optional<Metadata>> routeMetadata, FilterState filterState) {
    this.routeMetadata = routeMetadata;
    this.filterState = filterState;
  }

  /** Is about a request from now on. */
  public void begin(ConnectionFacts newConnection, StreamInfo newInfo, HeaderBlock newHeaders) {
    connection = newConnection;
    info = newInfo;
    headers = newHeaders;
    int index = newHeaders.find(HeaderName.PATH);
    pathLength = -1;
    if (index >= 0) {
      byte[] array = newHeaders.array();
      pathStart = newHeaders.valueStart(index);
      int end = pathStart + newHeaders.valueLength(index);
      int at = pathStart;
      while (at < end && array[at] != '?' && array[at] != '#') {
        at++;
      }
      pathLength = at - pathStart;
    }
  }

  /** Is about a connection from now on. */
  public void begin(ConnectionFacts newConnection, StreamInfo newInfo) {
    begin(newConnection, newInfo, NO_HEADERS);
  }

  /** Is about nothing any more. */
  public void end() {
    connection = null;
    info = null;
    headers = NO_HEADERS;
    pathLength = -1;
  }

  ConnectionFacts connection() {
    ConnectionFacts present = connection;
    if (present == null) {
      throw new IllegalStateException("no request");
    }
    return present;
  }

  StreamInfo info() {
    StreamInfo present = info;
    if (present == null) {
      throw new IllegalStateException("no request");
    }
    return present;
  }

  HeaderBlock headers() {
    return headers;
  }

  Optional<Metadata> routeMetadata() {
    return routeMetadata.get();
  }

  byte @Nullable [] filterState(String key) {
    return filterState.get(key);
  }

  int pathStart() {
    return pathStart;
  }

  /** Without query and fragment; -1 when there is no path. */
  int pathLength() {
    return pathLength;
  }

  /** The client's address, which headers may have told; null when it is not an IP address. */
  @Nullable IpNumber remote() {
    SocketAddress address = info().downstreamRemoteAddress;
    if (address == connection().remoteAddress()) {
      return connection().remote();
    }
    if (address != remoteAddress) {
      remoteAddress = address;
      remote = IpNumber.of(address);
    }
    return remote;
  }

  /** Whether the test holds for a text; allocates only when it is not ASCII or very long. */
  boolean test(String text, TextTest test) {
    int length = text.length();
    if (length > scratch.length) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return test.test(bytes, 0, bytes.length);
    }
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 128) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return test.test(bytes, 0, bytes.length);
      }
      scratch[i] = (byte) c;
    }
    return test.test(scratch, 0, length);
  }

  /** Adds every rule of the index whose literal a text of the subject holds. */
  void collect(Subject subject, TextIndex index, RuleCandidates out) {
    collector.index = index;
    collector.out = out;
    subject.any(this, collector);
    collector.index = null;
    collector.out = null;
  }
}
