package io.meltemi.proxy.http.filter;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.route.ClusterSpecifier;
import io.meltemi.proxy.route.PathMatcher;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.route.RouteFilterConfigs;
import io.meltemi.proxy.route.RouteHeaders;
import io.meltemi.proxy.route.RouteMatcher;
import io.meltemi.proxy.route.Timeouts;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.tracing.RequestTrace;
import io.meltemi.testing.FakeTicker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A stream without a connection: records what a filter does to it. */
public final class FakeFilterContext implements HttpFilterContext, AutoCloseable {
  public final HeaderBlock request = new HeaderBlock();
  public @Nullable RouteFilterConfig routeConfig;
  public long random;

  /** Whether the route sends the request to a cluster; else it is not forwarded. */
  public boolean forwards = true;

  /** How much a filter wants to be kept of the request; negative when none said so. */
  public int requestBufferBytesMax = -1;

  /** How often decoding was told to go on. */
  public int continued;

  public int encodingContinued;
  public int routesCleared;

  /** Whether the filter takes more of the request, and of the response. */
  public boolean requestRead = true;

  public boolean responseRead = true;

  /** What the filter has sent on itself; a bar stands for the end of the stream. */
  public final StringBuilder injected = new StringBuilder();

  private final ByteBuf gathered = Unpooled.buffer();

  public @Nullable LocalReply reply;
  public String replied = "";

  public DownstreamConnection.Facts facts =
      new DownstreamConnection.Facts(
          1,
          new InetSocketAddress("10.0.0.1", 8080),
          new InetSocketAddress("10.0.0.2", 4000),
          new InetSocketAddress("10.0.0.2", 4000),
          "",
          "raw_buffer",
          List.of(),
          Optional.empty());

  private @Nullable DownstreamConnection connection;
  private final HeaderBlock response = new HeaderBlock();
  private final StreamInfo info = new StreamInfo();
  private final Stats stats = new Stats();
  private final FakeTicker ticker = new FakeTicker();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final LoopContext loop = new Loops(ticker, 1).get(channel.eventLoop());

  public FakeFilterContext(String method, String... fields) {
    request.add(HeaderName.METHOD, method);
    for (String field : fields) {
      int colon = field.indexOf(": ");
      request.add(HeaderName.of(field.substring(0, colon)), field.substring(colon + 2));
    }
  }

  /** Lets time pass and runs the timers that are due. */
  public void advance(Duration duration) {
    ticker.advance(duration);
    loop.timers().runDue();
  }

  public long count(String name) {
    return stats().counter(name).value();
  }

  @Override
  public LoopContext loop() {
    return loop;
  }

  @Override
  public HeaderBlock requestHeaders() {
    return request;
  }

  @Override
  public HeaderBlock responseHeaders() {
    return response;
  }

  @Override
  public StreamInfo streamInfo() {
    return info;
  }

  @Override
  public StatScope stats() {
    return stats.scope("http.test.");
  }

  /** Made of {@link #facts} when first asked for. */
  @Override
  public DownstreamConnection connection() {
    DownstreamConnection made = connection;
    if (made == null) {
      made =
          new DownstreamConnection(
              channel, loop, facts, new DownstreamConnection.Settings(1024, "l", "c", false));
      made.describe(info);
      connection = made;
    }
    return made;
  }

  @Override
  public SocketAddress remoteAddress() {
    return facts.remoteAddress();
  }

  @Override
  public boolean isInternal() {
    return true;
  }

  @Override
  public boolean isLocalReply() {
    return reply != null;
  }

  @Override
  public boolean isTunnel() {
    return false;
  }

  @Override
  public long streamRandom() {
    return random;
  }

  @Override
  public @Nullable Route route() {
    RouteAction action =
        forwards
            ? new RouteAction.Forward(
                new ClusterSpecifier.Single("c"),
                RouteAction.PathRewrite.None.INSTANCE,
                RouteAction.HostRewrite.None.INSTANCE,
                Timeouts.DEFAULT,
                Optional.empty(),
                List.of(),
                new RouteAction.ForwardOptions(
                    503, false, false, List.of(), Map.of(), Optional.empty(), false, false))
            : new RouteAction.NonForwarding();
    return new Route(
        "",
        new RouteMatcher(
            new PathMatcher.Prefix(BytePattern.of("", false)),
            List.of(),
            List.of(),
            Fraction.ALWAYS,
            false),
        action,
        RouteHeaders.NONE,
        RouteFilterConfigs.NONE,
        new Route.Labels("", "", RequestTrace.OfRoute.NONE, Metadata.EMPTY));
  }

  @Override
  public void clearRoute() {
    routesCleared++;
  }

  @Override
  public @Nullable RouteFilterConfig routeConfig() {
    return routeConfig;
  }

  @Override
  public void setRequestBufferBytesMax(int max) {
    requestBufferBytesMax = max;
  }

  @Override
  public void continueDecoding() {
    continued++;
  }

  @Override
  public void continueEncoding() {
    encodingContinued++;
  }

  @Override
  public boolean injectRequestData(ByteBuf data, boolean endStream) {
    injected.append(data.toString(StandardCharsets.ISO_8859_1)).append(endStream ? "|" : "");
    return true;
  }

  @Override
  public boolean injectRequestTrailers() {
    injected.append("|trailers");
    return true;
  }

  @Override
  public boolean injectResponseData(ByteBuf data, boolean endStream) {
    return injectRequestData(data, endStream);
  }

  @Override
  public boolean injectResponseTrailers(HeaderBlock trailers) {
    injected.append("|").append(trailers);
    return true;
  }

  @Override
  public void setResponseReading(boolean reading) {
    responseRead = reading;
  }

  @Override
  public void replaceResponse(LocalReply other) {
    sendLocalReply(other);
  }

  @Override
  public ByteBuf gatherRequest(ByteBuf data) {
    return gathered.writeBytes(data, data.readerIndex(), data.readableBytes());
  }

  @Override
  public ByteBuf gatherResponse(ByteBuf data) {
    return gatherRequest(data);
  }

  @Override
  public void sendLocalReply(int status, String body, @Nullable ResponseFlag flag, String details) {
    sendLocalReply(LocalReply.of(status, body, flag, details));
  }

  @Override
  public void sendLocalReply(LocalReply localReply) {
    reply = localReply;
    response.addNumber(HeaderName.STATUS, localReply.status());
    localReply.headers().accept(response);
    ResponseFlag flag = localReply.flag();
    replied =
        localReply.status()
            + " "
            + new String(localReply.body(), java.nio.charset.StandardCharsets.UTF_8)
            + " "
            + (flag == null ? "-" : flag.shortName())
            + " "
            + localReply.details();
  }

  @Override
  public @Nullable RequestTrace trace() {
    return null;
  }

  @Override
  public @Nullable RouteChoice routeChoice() {
    return null;
  }

  @Override
  public void encodeHeaders(int status, boolean endStream) {
    throw new IllegalStateException("no filter under test ends the chain");
  }

  @Override
  public void encodeData(ByteBuf data, boolean endStream) {
    throw new IllegalStateException("no filter under test ends the chain");
  }

  @Override
  public void encodeTrailers(HeaderBlock trailers) {
    throw new IllegalStateException("no filter under test ends the chain");
  }

  @Override
  public void resetStream(@Nullable ResponseFlag flag, String details) {
    replied = "reset " + (flag == null ? "-" : flag.shortName()) + " " + details;
  }

  @Override
  public void setRequestReading(boolean reading) {
    requestRead = reading;
  }

  @Override
  public boolean isDownstreamWritable() {
    return true;
  }

  @Override
  public int bufferBytesMax() {
    return 1024;
  }

  @Override
  public void close() {
    channel.finishAndReleaseAll();
  }
}
