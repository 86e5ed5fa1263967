package web

import (
	"net/http"

	"framegate/registry"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves GET /metrics for Prometheus.
func (s *server) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reg.MustRegister(cameraMetrics{s.Cameras})
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "framegate_abandoned_pipelines_total",
		Help: "Pipelines that hang in a state change and were given up with their threads and memory.",
	}, func() float64 { return float64(s.Abandoned()) }))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "framegate_gstreamer_objects",
		Help: "GStreamer's pipelines and elements that have not been freed.",
	}, func() float64 { return float64(s.Living()) }))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "framegate_config_ok",
		Help: "1 while the configuration file is in effect, 0 while it has faults and the previous configuration stays in effect.",
	}, func() float64 {
		if s.Configuration().OK() {
			return 1
		}
		return 0
	}))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "framegate_config_loaded_seconds", Help: "When the configuration in effect was read, Unix time.",
	}, func() float64 { return float64(s.Configuration().LoadedAt.UnixMicro()) / 1e6 }))
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "framegate_config_loads_total", Help: "Configurations that were applied.",
	}, func() float64 { return float64(s.Configuration().Loads) }))
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "framegate_config_failures_total", Help: "Configurations that were refused.",
	}, func() float64 { return float64(s.Configuration().Failures) }))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// gauge is one metric of a camera.
type gauge struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(registry.Status) float64
}

func perCamera(name, help string, kind prometheus.ValueType, value func(registry.Status) float64) gauge {
	return gauge{prometheus.NewDesc("framegate_camera_"+name, help, []string{"camera"}, nil), kind, value}
}

var cameraGauges = []gauge{
	perCamera("up", "1 while the camera is connected.", prometheus.GaugeValue, func(s registry.Status) float64 {
		if s.State == registry.Ready || s.State == registry.Live {
			return 1
		}
		return 0
	}),
	perCamera("viewers", "Viewers of all renditions of the camera.", prometheus.GaugeValue,
		func(s registry.Status) float64 { return float64(s.Viewers) }),
	perCamera("renditions", "Renditions that are being made.", prometheus.GaugeValue,
		func(s registry.Status) float64 { return float64(len(s.Renditions)) }),
	perCamera("source_fps", "Rate at which the camera sends, in pictures per second.", prometheus.GaugeValue,
		func(s registry.Status) float64 { return s.SourceFPS }),
	perCamera("reconnects_total", "Connections after one that failed or was lost.", prometheus.CounterValue,
		func(s registry.Status) float64 { return float64(s.Reconnects) }),
	perCamera("broken_units_total", "Units from the camera that were unusable and dropped.", prometheus.CounterValue,
		func(s registry.Status) float64 { return float64(s.Broken) }),
	perCamera("last_frame_seconds", "When the newest picture arrived, Unix time; 0 for never.", prometheus.GaugeValue,
		func(s registry.Status) float64 {
			if s.LastFrameAt == nil {
				return 0
			}
			return float64(s.LastFrameAt.UnixMicro()) / 1e6
		}),
}

var stateDesc = prometheus.NewDesc("framegate_camera_state", "1 for the state that the camera is in.", []string{"camera", "state"}, nil)

var planDesc = prometheus.NewDesc("framegate_camera_plan", "1 for the plan that makes the camera's pictures.",
	[]string{"camera", "plan", "decoder", "encoder", "fell_back_from"}, nil)

var failuresDesc = prometheus.NewDesc("framegate_camera_plan_failures_total", "Failures of a plan; another one took over after each.",
	[]string{"camera", "plan", "codec"}, nil)

// cameraMetrics collects the states of the cameras whenever Prometheus reads them.
type cameraMetrics struct{ cameras Cameras }

// Describe implements prometheus.Collector.
func (cameraMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- stateDesc
	ch <- planDesc
	ch <- failuresDesc
	for _, g := range cameraGauges {
		ch <- g.desc
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
		for _, g := range cameraGauges {
			ch <- prometheus.MustNewConstMetric(g.desc, g.kind, g.value(s), s.ID)
		}
	}
}
