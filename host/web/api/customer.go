package api

// Handle is a registrant as a registrar knows it.
type Handle struct {
	Handle    string `json:"handle"`
	Customer  string `json:"customer"`
	Registrar string `json:"registrar"`
	Kind      string `json:"kind"`
	State     string `json:"state"`
}

// NewHandle takes over a handle. Registrar may be empty if only one works with handles.
type NewHandle struct {
	Handle    string `json:"handle"`
	Registrar string `json:"registrar,omitempty"`
}

// Customer is everything the panel knows of a customer.
type Customer struct {
	ID      string   `json:"id"`
	Handles []Handle `json:"handles"`
	Domains []Domain `json:"domains"`
	Orders  []Order  `json:"orders"`
}
