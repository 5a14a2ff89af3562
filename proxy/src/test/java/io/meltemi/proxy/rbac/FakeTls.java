package io.meltemi.proxy.rbac;

import io.meltemi.proxy.telemetry.TlsInfo;

/** A TLS connection of which only the peer's names matter. */
public record FakeTls(TlsInfo.Certificate peer) implements TlsInfo {
  @Override
  public String version() {
    return "";
  }

  @Override
  public String cipher() {
    return "";
  }

  @Override
  public String group() {
    return "";
  }

  @Override
  public String serverName() {
    return "";
  }

  @Override
  public String applicationProtocol() {
    return "";
  }

  @Override
  public String sessionId() {
    return "";
  }

  @Override
  public boolean isPeerCertificatePresented() {
    return true;
  }

  @Override
  public boolean isPeerCertificateValidated() {
    return true;
  }

  @Override
  public TlsInfo.Certificate local() {
    return TlsInfo.Certificate.NONE;
  }
}
