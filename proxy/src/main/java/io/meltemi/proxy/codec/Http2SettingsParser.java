package io.meltemi.proxy.codec;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.KeepaliveSettings;
import io.meltemi.proxy.codec.Http2Settings.Floods;
import io.meltemi.proxy.codec.Http2Settings.KeepAlive;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/** Reads {@code Http2ProtocolOptions}, of listeners and of clusters. */
public final class Http2SettingsParser {
  private static final SupportedFields OPTIONS =
      SupportedFields.of(
              Http2ProtocolOptions.class,
              "hpack_table_size",
              "max_concurrent_streams",
              "initial_stream_window_size",
              "initial_connection_window_size",
              "max_outbound_frames",
              "max_outbound_control_frames",
              "max_consecutive_inbound_frames_with_empty_payload",
              "max_inbound_priority_frames_per_stream",
              "max_inbound_window_update_frames_per_data_frame_sent",
              "stream_error_on_invalid_http_messaging",
              "override_stream_error_on_invalid_http_message",
              "allow_connect",
              "connection_keepalive")
          .withoutEffect("there is one HTTP/2 codec", "use_oghttp2_codec")
          .withoutEffect("METADATA frames are read over", "allow_metadata");
  private static final SupportedFields KEEP_ALIVE =
      SupportedFields.of(KeepaliveSettings.class, "interval", "timeout", "connection_idle_interval")
          .withoutEffect("pings are sent without jitter", "interval_jitter");

  private Http2SettingsParser() {}

  /** Parses the message; what is not set has Envoy's default. */
  public static Http2Settings parse(Http2ProtocolOptions proto, ParseScope scope) {
    OPTIONS.check(proto, scope);
    Http2Settings defaults = Http2Settings.DEFAULT;
    Floods floods = Floods.DEFAULT;
    boolean resets =
        proto.hasOverrideStreamErrorOnInvalidHttpMessage()
            ? proto.getOverrideStreamErrorOnInvalidHttpMessage().getValue()
            : defaults.resetsMalformed();
    return new Http2Settings(
        number(
            proto.hasHpackTableSize(),
            proto.getHpackTableSize(),
            new Range(0, 1 << 20, defaults.hpackTableBytes()),
            scope.field("hpack_table_size")),
        number(
            proto.hasMaxConcurrentStreams(),
            proto.getMaxConcurrentStreams(),
            new Range(1, Integer.MAX_VALUE, defaults.concurrentStreamsMax()),
            scope.field("max_concurrent_streams")),
        number(
            proto.hasInitialStreamWindowSize(),
            proto.getInitialStreamWindowSize(),
            new Range(65_535, Integer.MAX_VALUE, defaults.streamWindowBytes()),
            scope.field("initial_stream_window_size")),
        number(
            proto.hasInitialConnectionWindowSize(),
            proto.getInitialConnectionWindowSize(),
            new Range(65_535, Integer.MAX_VALUE, defaults.connectionWindowBytes()),
            scope.field("initial_connection_window_size")),
        resets,
        proto.getAllowConnect(),
        new Floods(
            number(
                proto.hasMaxOutboundFrames(),
                proto.getMaxOutboundFrames(),
                new Range(1, Integer.MAX_VALUE, floods.outboundFramesMax()),
                scope.field("max_outbound_frames")),
            number(
                proto.hasMaxOutboundControlFrames(),
                proto.getMaxOutboundControlFrames(),
                new Range(1, Integer.MAX_VALUE, floods.outboundControlFramesMax()),
                scope.field("max_outbound_control_frames")),
            number(
                proto.hasMaxConsecutiveInboundFramesWithEmptyPayload(),
                proto.getMaxConsecutiveInboundFramesWithEmptyPayload(),
                new Range(0, Integer.MAX_VALUE, floods.emptyFramesMax()),
                scope.field("max_consecutive_inbound_frames_with_empty_payload")),
            number(
                proto.hasMaxInboundPriorityFramesPerStream(),
                proto.getMaxInboundPriorityFramesPerStream(),
                new Range(0, Integer.MAX_VALUE, floods.priorityFramesPerStreamMax()),
                scope.field("max_inbound_priority_frames_per_stream")),
            number(
                proto.hasMaxInboundWindowUpdateFramesPerDataFrameSent(),
                proto.getMaxInboundWindowUpdateFramesPerDataFrameSent(),
                new Range(1, Integer.MAX_VALUE, floods.windowUpdatesPerDataFrameMax()),
                scope.field("max_inbound_window_update_frames_per_data_frame_sent"))),
        keepAlive(proto, scope));
  }

  private record Range(int min, int max, int otherwise) {}

  private static int number(boolean present, UInt32Value value, Range range, ParseScope scope) {
    if (!present) {
      return range.otherwise;
    }
    long number = Integer.toUnsignedLong(value.getValue());
    if (number < range.min || number > range.max) {
      scope.error(String.valueOf(number), range.min + " to " + range.max);
      return range.otherwise;
    }
    return (int) number;
  }

  private static KeepAlive keepAlive(Http2ProtocolOptions proto, ParseScope scope) {
    if (!proto.hasConnectionKeepalive()) {
      return KeepAlive.NONE;
    }
    KeepaliveSettings settings = proto.getConnectionKeepalive();
    ParseScope at = scope.field("connection_keepalive");
    KEEP_ALIVE.check(settings, at);
    if (!settings.hasTimeout()) {
      at.field("timeout").error("not set", "a duration");
      return KeepAlive.NONE;
    }
    return new KeepAlive(
        settings.hasInterval() ? at.field("interval").durationNanos(settings.getInterval()) : 0,
        at.field("timeout").durationNanos(settings.getTimeout()),
        settings.hasConnectionIdleInterval()
            ? at.field("connection_idle_interval")
                .durationNanos(settings.getConnectionIdleInterval())
            : 0);
  }
}
