package io.meltemi.proxy.rbac;

import io.meltemi.proxy.telemetry.TlsInfo;
import java.util.List;

/** A certificate of which only names matter. */
public record FakeCertificate(List<String> uriSans, List<String> dnsSans, String subject)
    implements TlsInfo.Certificate {
  @Override
  public List<String> ipSans() {
    return List.of();
  }

  @Override
  public List<String> emailSans() {
    return List.of();
  }

  @Override
  public String issuer() {
    return "";
  }

  @Override
  public String serial() {
    return "";
  }

  @Override
  public String fingerprint256() {
    return "";
  }

  @Override
  public String fingerprint1() {
    return "";
  }

  @Override
  public String notBefore() {
    return "";
  }

  @Override
  public String notAfter() {
    return "";
  }

  @Override
  public String urlEncodedPem() {
    return "";
  }

  @Override
  public String urlEncodedPemChain() {
    return "";
  }
}
