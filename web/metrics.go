package web

import (
	"net/http"
	"time"

	"github.com/framegate/framegate/registry"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves GET /metrics for Prometheus.
func (s *server) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reg.MustRegister(s.processMetrics()...)
	reg.MustRegister(cameraMetrics{s.Cameras}, refusals{s.Refused})
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// processMetrics returns the metrics that concern no single camera.
func (s *server) processMetrics() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	counter := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	return []prometheus.Collector{
		counter("framegate_abandoned_pipelines_total", "Pipelines that hang in a state change and were given up with their threads and memory.", s.Abandoned),
		gauge("framegate_gstreamer_objects", "GStreamer's pipelines and elements that have not been freed.", func() float64 { return float64(s.Living()) }),
		counter("framegate_log_dropped_lines_total", "Lines of the log that were lost, because nobody read them in time.", s.DroppedLines),
		gauge("framegate_memory_limit_bytes", "Resident memory of the process beyond which cameras are suspended; 0 for no limit.",
			func() float64 { return float64(s.MaxMemory()) }),
		gauge("framegate_reduced_viewers", "Viewers who get a lower quality or smaller pictures by quality=auto, because their connection does not carry more.",
			func() float64 { return float64(s.reduced.Load()) }),
		gauge("framegate_config_ok", "1 while the configuration file is in effect, 0 while it has faults and the previous configuration stays in effect.",
			func() float64 { return oneIf(s.Configuration().OK()) }),
		gauge("framegate_config_loaded_seconds", "When the configuration in effect was read, Unix time.",
			func() float64 { return unixSeconds(s.Configuration().LoadedAt) }),
		counter("framegate_config_loads_total", "Configurations that were applied.", func() int { return s.Configuration().Loads }),
		counter("framegate_config_failures_total", "Configurations that were refused.", func() int { return s.Configuration().Failures }),
	}
}

// perCamera are the metrics with one value per camera.
var perCamera = []cameraMetric{
	gaugeOf("framegate_camera_up", "1 while the camera is connected and its pictures can be shown.",
		func(s registry.Status) float64 { return oneIf(s.State == registry.Ready || s.State == registry.Live) }),
	gaugeOf("framegate_camera_viewers", "Viewers of all renditions of the camera.", func(s registry.Status) float64 { return float64(s.Viewers) }),
	gaugeOf("framegate_camera_renditions", "Renditions that are being made.", func(s registry.Status) float64 { return float64(len(s.Renditions)) }),
	gaugeOf("framegate_camera_source_fps", "Rate at which the camera sends, in pictures per second.", func(s registry.Status) float64 { return s.SourceFPS }),
	counterOf("framegate_camera_reconnects_total", "Connections after one that failed or was lost.",
		func(s registry.Status) float64 { return float64(s.Reconnects) }),
	counterOf("framegate_camera_broken_units_total", "Units from the camera that were unusable and dropped.",
		func(s registry.Status) float64 { return float64(s.Broken) }),
	gaugeOf("framegate_camera_held_bytes", "Memory that the camera takes, about: what is buffered, and its decoders.",
		func(s registry.Status) float64 { return float64(s.HeldBytes) }),
	counterOf("framegate_camera_suspensions_total", "How often the camera was suspended, because it took too much memory.",
		func(s registry.Status) float64 { return float64(s.Suspensions) }),
	gaugeOf("framegate_camera_last_frame_seconds", "When the newest picture arrived, Unix time; 0 for never.", func(s registry.Status) float64 {
		if s.LastFrameAt == nil {
			return 0
		}
		return unixSeconds(*s.LastFrameAt)
	}),
}

// cameraMetric is a metric with one value per camera.
type cameraMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(registry.Status) float64
}

func gaugeOf(name, help string, value func(registry.Status) float64) cameraMetric {
	return cameraMetric{describe(name, help), prometheus.GaugeValue, value}
}

func counterOf(name, help string, value func(registry.Status) float64) cameraMetric {
	return cameraMetric{describe(name, help), prometheus.CounterValue, value}
}

// describe returns the description of a camera's metric, whose first label is the camera.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"camera"}, labels...), nil)
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// The metrics of a camera with further labels.
var (
	stateDesc    = describe("framegate_camera_state", "1 for the state that the camera is in.", "state")
	planDesc     = describe("framegate_camera_plan", "1 for the plan that makes the camera's pictures.", "plan", "decoder", "encoder", "fell_back_from")
	failuresDesc = describe("framegate_camera_plan_failures_total", "Failures of a plan; another one took over after each.", "plan", "codec")
)

// refusedDesc describes the connections that were refused.
var refusedDesc = prometheus.NewDesc("framegate_connections_refused_total",
	"Connections of clients that were refused, by the limit that was reached: that of all, of one address, or on open files.", []string{"limit"}, nil)

// refusals collects the connections that were refused, by the limit that they exceeded.
type refusals struct{ count func() map[string]int }

// Describe implements prometheus.Collector.
func (refusals) Describe(ch chan<- *prometheus.Desc) { ch <- refusedDesc }

// Collect implements prometheus.Collector.
func (r refusals) Collect(ch chan<- prometheus.Metric) {
	for limit, n := range r.count() {
		ch <- prometheus.MustNewConstMetric(refusedDesc, prometheus.CounterValue, float64(n), limit)
	}
}

// cameraMetrics collects the states of the cameras whenever Prometheus reads them.
type cameraMetrics struct{ cameras Cameras }

// Describe implements prometheus.Collector.
func (cameraMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- stateDesc
	ch <- planDesc
	ch <- failuresDesc
	for _, m := range perCamera {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (m cameraMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, s := range m.cameras.Cameras() {
		ch <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, 1, s.ID, string(s.State))
		if p := s.Plan; p != nil {
			ch <- prometheus.MustNewConstMetric(planDesc, prometheus.GaugeValue, 1, s.ID, p.Name, p.Decoder, p.Encoder, p.FellBackFrom)
		}
		for _, f := range s.FailedPlans {
			ch <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, float64(f.Times), s.ID, f.Plan, f.Codec)
		}
		for _, c := range perCamera {
			ch <- prometheus.MustNewConstMetric(c.desc, c.kind, c.value(s), s.ID)
		}
	}
}
