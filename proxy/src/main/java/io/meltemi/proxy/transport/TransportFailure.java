package io.meltemi.proxy.transport;

import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * Why TLS failed, in the words of {@code %UPSTREAM_TRANSPORT_FAILURE_REASON%}: such as {@code
 * TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end},
 * whichever engine found it.
 */
public final class TransportFailure {
  private static final String PREFIX = "TLS_error:|";
  private static final int SSL_LIBRARY = 0x10000000;
  private static final int ALERTS = 1000;
  private static final int CERTIFICATE_VERIFY_FAILED = 125;
  private static final int PEER_DID_NOT_RETURN_A_CERTIFICATE = 192;
  private static final int WRONG_VERSION_NUMBER = 247;
  private static final int UNSUPPORTED_PROTOCOL = 240;
  private static final int NO_SHARED_CIPHER = 186;
  private static final Pattern BORINGSSL =
      Pattern.compile("error:([0-9a-fA-F]{8}):([^:]+):([^:]+):([^\\s:]+)");
  private static final Pattern ALERT = Pattern.compile("Received fatal alert: ([a-z_]+)");

  /** Name of an alert (RFC 8446 section 6) to its number and BoringSSL's name. */
  private static final Map<String, Alert> ALERT_NAMES =
      Map.ofEntries(
          Map.entry("unexpected_message", new Alert(10, "SSLV3_ALERT_UNEXPECTED_MESSAGE")),
          Map.entry("bad_record_mac", new Alert(20, "SSLV3_ALERT_BAD_RECORD_MAC")),
          Map.entry("handshake_failure", new Alert(40, "SSLV3_ALERT_HANDSHAKE_FAILURE")),
          Map.entry("bad_certificate", new Alert(42, "SSLV3_ALERT_BAD_CERTIFICATE")),
          Map.entry(
              "unsupported_certificate", new Alert(43, "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE")),
          Map.entry("certificate_revoked", new Alert(44, "SSLV3_ALERT_CERTIFICATE_REVOKED")),
          Map.entry("certificate_expired", new Alert(45, "SSLV3_ALERT_CERTIFICATE_EXPIRED")),
          Map.entry("certificate_unknown", new Alert(46, "SSLV3_ALERT_CERTIFICATE_UNKNOWN")),
          Map.entry("illegal_parameter", new Alert(47, "SSLV3_ALERT_ILLEGAL_PARAMETER")),
          Map.entry("unknown_ca", new Alert(48, "TLSV1_ALERT_UNKNOWN_CA")),
          Map.entry("access_denied", new Alert(49, "TLSV1_ALERT_ACCESS_DENIED")),
          Map.entry("decode_error", new Alert(50, "TLSV1_ALERT_DECODE_ERROR")),
          Map.entry("decrypt_error", new Alert(51, "TLSV1_ALERT_DECRYPT_ERROR")),
          Map.entry("protocol_version", new Alert(70, "TLSV1_ALERT_PROTOCOL_VERSION")),
          Map.entry("insufficient_security", new Alert(71, "TLSV1_ALERT_INSUFFICIENT_SECURITY")),
          Map.entry("internal_error", new Alert(80, "TLSV1_ALERT_INTERNAL_ERROR")),
          Map.entry("unrecognized_name", new Alert(112, "TLSV1_UNRECOGNIZED_NAME")),
          Map.entry("certificate_required", new Alert(116, "TLSV1_ALERT_CERTIFICATE_REQUIRED")),
          Map.entry(
              "no_application_protocol", new Alert(120, "TLSV1_ALERT_NO_APPLICATION_PROTOCOL")));

  private record Alert(int number, String name) {}

  private TransportFailure() {}

  /** Whether a text is one of {@link #describe}'s. */
  public static boolean isTold(String text) {
    return text.startsWith(PREFIX);
  }

  /** Empty for what is not TLS's, such as a peer that just closed. */
  public static String describe(Throwable failure) {
    PeerRejectedException rejected = PeerRejectedException.within(failure);
    if (rejected != null) {
      return rejected.reason() == PeerRejectedException.Reason.NO_CERTIFICATE
          ? text(PEER_DID_NOT_RETURN_A_CERTIFICATE, "PEER_DID_NOT_RETURN_A_CERTIFICATE")
          : text(
              CERTIFICATE_VERIFY_FAILED,
              "CERTIFICATE_VERIFY_FAILED:verify cert failed: " + rejected.getMessage());
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof NotSslRecordException) {
        return text(WRONG_VERSION_NUMBER, "WRONG_VERSION_NUMBER");
      }
      if (cause instanceof SSLException) {
        String described = describe(String.valueOf(cause.getMessage()));
        if (!described.isEmpty()) {
          return described;
        }
      }
    }
    return "";
  }

  private static String describe(String message) {
    Matcher boring = BORINGSSL.matcher(message);
    if (boring.find()) {
      return PREFIX
          + Integer.parseUnsignedInt(boring.group(1), 16)
          + ":"
          + boring.group(2)
          + ":"
          + boring.group(3)
          + ":"
          + boring.group(4)
          + ":TLS_error_end";
    }
    Matcher alert = ALERT.matcher(message);
    if (alert.find()) {
      Alert known = ALERT_NAMES.get(alert.group(1));
      if (known != null) {
        return text(ALERTS + known.number(), known.name());
      }
    }
    String words = message.toLowerCase(Locale.ROOT);
    if (words.contains("empty client certificate chain")) {
      return text(PEER_DID_NOT_RETURN_A_CERTIFICATE, "PEER_DID_NOT_RETURN_A_CERTIFICATE");
    }
    if (words.contains("no cipher suites in common")) {
      return text(NO_SHARED_CIPHER, "NO_SHARED_CIPHER");
    }
    if (words.contains("client requested protocol") || words.contains("server chose tls")) {
      return text(UNSUPPORTED_PROTOCOL, "UNSUPPORTED_PROTOCOL");
    }
    return "";
  }

  private static String text(int reason, String name) {
    return PREFIX
        + (SSL_LIBRARY + reason)
        + ":SSL routines:OPENSSL_internal:"
        + name
        + ":TLS_error_end";
  }

  /** Whether a client was refused because it showed no certificate. */
  static boolean isMissingCertificate(Throwable failure) {
    return describe(failure).contains("PEER_DID_NOT_RETURN_A_CERTIFICATE");
  }

  /** Whether the peer was gone, without a word of TLS about it. */
  static boolean isClosed(Throwable failure) {
    if (failure instanceof SSLException) {
      return failure.getCause() instanceof ClosedChannelException
          || String.valueOf(failure.getMessage()).startsWith("Connection closed while");
    }
    return failure instanceof IOException;
  }
}
