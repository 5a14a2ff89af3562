/** Certificates and keys of Secrets and ConfigMaps as Envoy's secrets (SDS). */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.secret;
